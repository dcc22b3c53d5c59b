import { expect, test } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { type Engine, openEngine } from "../engine/device";
import { Graph, type Launch } from "../engine/graph";
import type { Check } from "./evidence";
import { FAMILIES, runnable } from "./families";
import { choice, choose, GEMM } from "./variants";
import { type Verdict, verify } from "./verify";

async function verdicts(engine: Engine): Promise<Verdict[]> {
  const found: Verdict[] = [];
  for await (const verdict of verify(engine)) found.push(verdict);
  return found;
}

test("every variant that runs here is right, is timed, and the choice in force is left as it was", async () => {
  const engine = await openEngine(await nodeGPU());
  const before = choice(engine);
  const found = await verdicts(engine);
  expect(found.map(({ kernel, variant }) => `${kernel}=${variant}`)).toEqual(
    FAMILIES.flatMap((family) => runnable(family, engine.facts).map((variant) => `${family.key}=${variant}`)),
  );
  for (const verdict of found) {
    expect(verdict.wrong).toBeUndefined();
    expect(verdict.error).toBeGreaterThan(0);
    expect(verdict.ms).toBeGreaterThan(0);
  }
  expect(choice(engine)).toEqual(before);
  engine.destroy();
});

test("a kernel that computes something else is found, and one that does not compile", async () => {
  const engine = await openEngine(await nodeGPU());
  const shader = engine.shader.bind(engine);
  engine.shader = (file, entry, constants) => {
    const made = shader(file, entry, constants);
    if (file === "attention" && entry === "backward_keys") return { ...made, code: made.code.replace("exp (", "1.001 * exp (") };
    if (entry === "shared_tiles") return { ...made, code: made.code.replace("fn shared_tiles", "fn shared_tiles (") };
    return made;
  };
  for (const { kernel, variant, wrong, error } of await verdicts(engine)) {
    const broken = kernel === "attentionBackward" || (kernel === "gemm" && GEMM[variant].entry === "shared_tiles");
    expect(wrong !== undefined, `${kernel}=${variant} ${wrong}`).toBe(broken);
    if (kernel === "gemm" && broken) expect(error).toBeNull();
  }
  engine.destroy();
});

/** The launches of a check and of its gradient. */
function launches(engine: Engine, { inputs, op }: Check): Launch[] {
  const graph = new Graph(engine);
  const buffers: GPUBuffer[] = [];
  const fixed = (shape: number[], grad = false) => {
    buffers.push(engine.takeBuffer(shape.reduce((a, b) => a * b, 4)));
    return graph.fixed(buffers.at(-1) as GPUBuffer, shape, "f32", 0, grad);
  };
  const tensors = Object.fromEntries(Object.entries(inputs).map(([name, { shape, grad }]) => [name, fixed(shape, grad)]));
  const [result] = [op(tensors, graph)].flat();
  graph.gradients((g) => g.alias(result, fixed([...result.shape]))).pieces;
  for (const buffer of buffers) engine.giveBuffer(buffer);
  return graph.launches.filter(({ shader }) => shader.file.includes("gemm"));
}

test.each([true, false])("proofs of products are computed by the variant they are about (software adapter: %s)", async (software) => {
  const engine = await openEngine(await nodeGPU());
  engine.facts = { ...engine.facts, software };
  const [gemm] = FAMILIES;
  choose(engine, { gemm: software ? "register4x4" : "register4x4x64" }); // what stands in
  const small = new Map(Object.values(gemm.proofs).map((spec) => [spec, launches(engine, spec).map((l) => l.shader)]));
  for (const variant of runnable(gemm, engine.facts).filter((name) => !name.startsWith("register4x4"))) {
    choose(engine, { gemm: variant });
    for (const [name, spec] of Object.entries(gemm.proofs))
      for (const [i, { shader }] of launches(engine, spec).entries())
        if (shader.entry !== "epilogue") expect(shader, `${variant}, ${name}, launch ${i}`).not.toBe(small.get(spec)?.[i]);
  }
  engine.destroy();
});
