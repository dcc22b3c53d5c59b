import { expect, test } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { type Engine, openEngine } from "../engine/device";
import type { Shader } from "../engine/wgsl";
import { type Check, launchesOf } from "./evidence";
import { everywhere, FAMILIES, type Family, runnable } from "./families";
import { evaluate } from "./inspect";
import { PROOFS } from "./proofs";
import { choice, choose, GEMM, smallestGemm } from "./variants";
import { type Verdict, verify } from "./verify";

async function verdicts(engine: Engine, only: string): Promise<Verdict[]> {
  const found: Verdict[] = [];
  for await (const verdict of verify(engine, only)) found.push(verdict);
  return found;
}

test("every variant of a family that runs here is right, is timed, and the choice in force is left as it was", async () => {
  const engine = await openEngine(await nodeGPU());
  const before = choice(engine);
  const found = await verdicts(engine, "rows");
  const rows = FAMILIES.find(({ key }) => key === "rows") as Family;
  const variants = runnable(rows, engine.facts);
  const inHalves = engine.facts.half ? variants.map((variant) => `${variant}, f16`) : [];
  expect(found.map(({ variant }) => variant)).toEqual([...variants, ...inHalves]);
  for (const verdict of found) {
    expect(verdict.wrong).toBeUndefined();
    expect(verdict.error).toBeGreaterThan(0);
    expect(verdict.ms).toBeGreaterThan(0);
  }
  expect(choice(engine)).toEqual(before);
  engine.destroy();
}, 300_000);

test("a kernel that computes something else is found, and one that does not compile", async () => {
  const engine = await openEngine(await nodeGPU());
  const shader = engine.shader.bind(engine);
  engine.shader = (file, entry, constants, halves) => {
    const made = shader(file, entry, constants, halves);
    if (entry === "forward" && constants?.GROUP === 64) return { ...made, code: made.code.replace("fn forward", "fn forward (") };
    if (entry === "quad_forward") return { ...made, code: made.code.replace("inverseSqrt (", "1.001 * inverseSqrt (") };
    return made;
  };
  const found = new Map((await verdicts(engine, "rows")).map((verdict) => [verdict.variant, verdict]));
  expect(found.get("lane")?.wrong).toBeUndefined();
  expect(found.get("quadLane")).toMatchObject({
    wrong: expect.stringMatching(/^rows of 64, out0\[\d+\]: .* \(error 0\.00\d+, allowed 0\.00005\)$/),
  });
  expect(found.get("group")).toMatchObject({ error: null, ms: null, wrong: expect.stringContaining("does not compile") });
  engine.destroy();
});

/** Bytes of an array in workgroup memory, at most: that of a structure is not looked up. */
const BYTES: Record<string, number> = { f32: 4, u32: 4, vec4h: 8, vec4f: 16, mat2x4f: 32, "atomic < u32 >": 4 };
const workgroupBytes = ({ code }: Shader) => {
  const text = code.replace(/\s+/g, " ");
  const constants = new Map([...text.matchAll(/const (\w+) (?:: u32 )?= (\d+)u? ?;/g)].map(([, name, value]) => [name, Number(value)]));
  const arrays = [...text.matchAll(/var < workgroup > \w+ : array < (\w+(?: < \w+ >)?) , ([^>]+) >/g)];
  return arrays.reduce((sum, [, element, count]) => sum + (BYTES[element] ?? 64) * (evaluate(count, constants) ?? Number.NaN), 0);
};

test("no kernel needs more than every adapter has, in any variant", async () => {
  const engine = await openEngine(await nodeGPU());
  const seen = new Set<Shader>();
  for (const facts of [
    { software: false, subgroup: 32, half: true },
    { software: true, subgroup: 8, half: true },
  ]) {
    engine.facts = { ...engine.facts, ...facts };
    for (const family of FAMILIES)
      for (const variant of runnable(family, engine.facts)) {
        choose(engine, everywhere(family, variant));
        for (const spec of Object.values(family.proofs)) for (const { shader } of launchesOf(engine, spec)) seen.add(shader);
      }
    for (const proofs of Object.values(PROOFS))
      for (const spec of Object.values(proofs)) for (const { shader } of launchesOf(engine, spec)) seen.add(shader);
  }
  expect(seen.size).toBeGreaterThan(200);
  let memory = 0;
  for (const shader of seen) {
    const name = `${shader.file} ${shader.entry}`;
    expect(shader.bindings.filter(({ kind }) => kind !== "uniform").length, name).toBeLessThanOrEqual(8);
    expect(shader.workgroup, name).toBeLessThanOrEqual(256);
    expect(workgroupBytes(shader), name).toBeLessThanOrEqual(16384);
    memory = Math.max(memory, workgroupBytes(shader));
  }
  expect(memory).toBe(16 * 4 * (128 + 64)); // the largest tiles
  engine.destroy();
}, 300_000);

const products = (engine: Engine, spec: Check) => launchesOf(engine, spec).filter(({ shader }) => shader.file.includes("gemm"));

test.each([true, false])("proofs of products are computed by the variant they are about (software adapter: %s)", async (software) => {
  const engine = await openEngine(await nodeGPU());
  engine.facts = { ...engine.facts, software };
  const [gemm] = FAMILIES;
  choose(engine, everywhere(gemm, smallestGemm(engine.facts))); // what stands in
  const small = new Map(Object.values(gemm.proofs).map((spec) => [spec, products(engine, spec).map((l) => l.shader)]));
  for (const variant of runnable(gemm, engine.facts).filter((name) => !name.startsWith("register4x4"))) {
    choose(engine, everywhere(gemm, variant));
    for (const [name, spec] of Object.entries(gemm.proofs))
      for (const [i, { shader }] of products(engine, spec).entries())
        if (shader.entry !== "epilogue") {
          expect(shader, `${variant}, ${name}, launch ${i}`).not.toBe(small.get(spec)?.[i]);
          if (variant.startsWith("shared"))
            expect(/TILE_M = (\d+)u/.exec(shader.code)?.[1], `${variant}, ${name}, launch ${i}`).toBe(`${GEMM[variant].tile[0]}`);
        }
  }
  engine.destroy();
});
