/** Every kernel of the optimizer is proven by `npm run gpu -- --check`. */
import { expect, test } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { type Engine, openEngine } from "../engine/device";
import { shaderFiles } from "../engine/shaderFiles";
import { entryPoints, type Shader } from "../engine/wgsl";
import { optimizerProofs } from "./optimizer.proofs";
import { verdictCount, verifyAdapter } from "./verifyAdapter";

const names = ({ facts }: Engine) => Object.keys(optimizerProofs(facts));

/** An adapter whose kernels are changed by `change`, and what is found wrong there, by what was to be proven. */
async function wrongWhere(change: (shader: Shader) => string): Promise<{ engine: Engine; wrong: string[] }> {
  const engine = await openEngine(await nodeGPU());
  const shader = engine.shader.bind(engine);
  engine.shader = (file, ...rest) => {
    const made = shader(file, ...rest);
    return { ...made, code: change(made) };
  };
  const wrong: string[] = [];
  for (const [name, prove] of Object.entries(optimizerProofs(engine.facts))) if ((await prove(engine)).wrong) wrong.push(name);
  engine.destroy();
  return { engine, wrong };
}

test("its proofs launch every entry point, are right here, give their memory back, and are counted", async () => {
  const engine = await openEngine(await nodeGPU());
  const launched = new Set<string>();
  const shader = engine.shader.bind(engine);
  engine.shader = (file, entry, ...rest) => {
    if (file === "optimizer") launched.add(entry);
    return shader(file, entry, ...rest);
  };
  const count = verdictCount(engine);
  const verdicts: string[] = [];
  const { checked, failed } = await verifyAdapter(
    engine,
    ({ kernel, variant, wrong, error, ms }) => {
      expect(kernel).toBe("optimizer");
      expect(wrong).toBeUndefined();
      expect(error).toBeGreaterThanOrEqual(0);
      expect(ms).toBeGreaterThan(0);
      verdicts.push(variant);
    },
    "optimizer",
  );
  expect({ checked, failed }).toEqual({ checked: verdicts.length, failed: 0 });
  expect(verdicts).toEqual(names(engine));
  expect([...launched].sort()).toEqual(entryPoints(shaderFiles["/shaders/optimizer.wgsl"]).sort());
  expect(count).toBeGreaterThan(100);
  const used = engine.usedBytes;
  for (const prove of Object.values(optimizerProofs(engine.facts))) await prove(engine);
  expect(engine.usedBytes).toBe(used);
  engine.destroy();
});

test("a kernel that computes something else is found", async () => {
  const { engine, wrong } = await wrongWhere(({ code, entry }) =>
    entry === "adamw" ? code.replace("p . decay", "0.9 * p . decay") : code,
  );
  expect(wrong).toEqual(names(engine).filter((name) => name.startsWith("AdamW")));
});

test("an adapter that makes a number of what is too large for f16 is found", async ({ skip }) => {
  const largest = (v: string, type: string) => `clamp ( ${v} , ${type} ( - 65504.0 ) , ${type} ( 65504.0 ) )`;
  const { engine, wrong } = await wrongWhere(({ code }) =>
    code
      .replace(/f16 \( \( v \) \)/, `f16 ( ${largest("v", "f32")} )`)
      .replaceAll(/pack2x16float \( (v \. \w\w) \)/g, (_, half) => `pack2x16float ( ${largest(half, "vec2f")} )`),
  );
  if (!engine.facts.half) skip("this adapter has no f16");
  expect(wrong).toEqual(["overflow of f16", "overflow of f16, packed"]);
});
