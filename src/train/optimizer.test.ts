/** The optimizers against float64. */
import { describe, expect, test } from "vitest";
import { Graph, Live } from "../engine/graph";
import { Program } from "../engine/program";
import { Params } from "../models/params";
import type { Weights } from "../models/weights";
import { compare, randoms, testEngine, upload } from "../ops/check";
import type { OptimizerOptions } from "../tasks/task";
import { deitDecay, Optimizer, stepSchedule, warmupCosine } from "./optimizer";
import { gradientsAt, PLAN, type Plan, plant, Reference, type Rig, rig, SHAPES, step, trace, weightsOf } from "./optimizer.reference";

async function expectWeights(params: Params, expected: Map<string, Float64Array>, tolerance: number): Promise<void> {
  for (const [name, { data }] of await params.read()) compare(name, data, expected.get(name) as Float64Array, tolerance);
}

const bytesOf = (data: Float32Array) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");

const deitDecayed = (name: string) => deitDecay(name, SHAPES[name]);

describe("against float64, eight steps with moving knobs", () => {
  test.each<[string, OptimizerOptions]>([
    ["AdamW as DeiT uses it", { kind: "adamw" }],
    [
      "AdamW with other constants, clipped, nothing decaying",
      { kind: "adamw", beta1: 0.8, beta2: 0.95, eps: 1e-3, clip: "all", decays: () => false },
    ],
    ["SGD with momentum", { kind: "sgd" }],
    ["plain SGD, clipped, all decaying", { kind: "sgd", beta1: 0, clip: "all", decays: () => true }],
    ["AdamW, each parameter clipped by itself", { kind: "adamw", clip: "each" }],
    ["SGD, each parameter clipped by itself", { kind: "sgd", clip: "each" }],
    ["AdamW, matrices waiting for five steps", { kind: "adamw", waits: { which: deitDecayed, hold: new Live(1) } }],
    ["SGD, matrices waiting for five steps", { kind: "sgd", waits: { which: deitDecayed, hold: new Live(1) } }],
  ])("%s", async (_, options) => {
    const r = await rig(await testEngine(), options);
    const reference = new Reference(options);
    for (let t = 0; t < 8; t++) {
      const knobs = { lr: 0.02 / (1 + t), decay: 0.3 - 0.03 * t, limit: t % 2 ? 3 : 1000 };
      for (const key of ["lr", "decay", "limit"] as const) r.optimizer.knobs[key].value = knobs[key];
      if (options.waits) options.waits.hold.value = Number(t < 5);
      const gradients = gradientsAt(t);
      const expected = reference.update(gradients, knobs);
      const scale = await step(r, gradients);
      if (options.clip === "all") compare(`[scale, norm] of step ${t}`, scale ?? [], expected, 1e-5);
      else expect(scale).toBeUndefined();
    }
    expect(r.optimizer.step).toBe(8);
    await expectWeights(r.params, reference.weights, 2e-6);
  });
});

test("what has no gradient keeps every bit, decay or not", async () => {
  const weights = weightsOf(SHAPES);
  weights.get("frozen.weight")?.data.set([-0, 1e-45, -3.4e38]);
  const r = await rig(await testEngine(), { kind: "adamw", clip: "all", decays: () => true }, weights);
  r.optimizer.knobs.decay.value = 0.5;
  for (let t = 0; t < 3; t++) await step(r, gradientsAt(t));
  const after = await r.params.read();
  for (const [name, { data }] of weights)
    expect(bytesOf(after.get(name)?.data as Float32Array) === bytesOf(data), name).toBe(name === "frozen.weight");
});

test("two modules in one step: each optimizer moves its own, whatever the order of their gradients", async () => {
  const engine = await testEngine();
  const shapes = { a: [2, 3], b: [70] };
  const params = [0, 1].map((i) => new Params(engine, weightsOf(shapes, 10 * i)));
  const optimizers = params.map((p) => new Optimizer(p, { kind: "sgd", beta1: 0 }));
  const graph = new Graph(engine);
  const sources = [0, 1, 2, 3, 4].map((i) => randoms(i === 2 ? 70 : 6, 50 + i));
  const grads = graph.gradients((g) => {
    const bound = params.map((p) => p.on(graph, true));
    // Module 1's gradient of `a` comes between two of module 0's, at the same place in its own buffer.
    const targets = [bound[0].a, bound[1].a, bound[1].b, bound[0].a, bound[1].a];
    for (const [i, target] of targets.entries()) plant(g, target, upload(engine, sources[i], "f32"), 1);
  });
  for (const o of optimizers) {
    o.knobs.lr.value = 1;
    o.update(grads);
    o.advance();
  }
  const program = await Program.compile(graph);
  await program.time();
  const moved = (before: Weights, name: string, ...by: Float64Array[]) =>
    Float64Array.from(before.get(name)?.data ?? [], (w, i) => by.reduce((sum, g) => sum - g[i], w));
  const [w0, w1] = [weightsOf(shapes, 0), weightsOf(shapes, 10)];
  await expectWeights(
    params[0],
    new Map([
      ["a", moved(w0, "a", sources[0], sources[3])],
      ["b", moved(w0, "b")],
    ]),
    1e-6,
  );
  await expectWeights(
    params[1],
    new Map([
      ["a", moved(w1, "a", sources[1], sources[4])],
      ["b", moved(w1, "b", sources[2])],
    ]),
    1e-6,
  );
});

describe("a saved state", () => {
  test.each(["adamw", "sgd"] as const)("of %s continues with the bits of an uninterrupted run", async (kind) => {
    const [whole, before] = [await rig(await testEngine(), { kind }), await rig(await testEngine(), { kind })];
    for (let t = 0; t < 6; t++) await step(whole, gradientsAt(t));
    for (let t = 0; t < 3; t++) await step(before, gradientsAt(t));
    const after = await rig(await testEngine(), { kind }, await before.params.read());
    after.optimizer.restore(await before.optimizer.state());
    expect(after.optimizer.step).toBe(3);
    for (let t = 3; t < 6; t++) await step(after, gradientsAt(t));
    const [expected, found] = [await whole.params.read(), await after.params.read()];
    for (const [name, { data }] of expected) expect(bytesOf(found.get(name)?.data as Float32Array), name).toBe(bytesOf(data));
    const [s, t] = [await whole.optimizer.state(), await after.optimizer.state()];
    expect(bytesOf(t.first)).toBe(bytesOf(s.first));
    expect(bytesOf(t.second)).toBe(bytesOf(s.second));
  });
});

describe("mixed precision", () => {
  const SCALE = 512;
  const scaling = { initial: SCALE, interval: 3 };
  const times = (gradients: Float64Array[], by: number) => gradients.map((g) => g.map((v) => v * by));
  const scalerOf = async ({ optimizer }: Rig) => [...((await optimizer.state()).scaler ?? [])].slice(0, 3);

  test.each<[string, OptimizerOptions]>([
    ["AdamW", { kind: "adamw" }],
    ["AdamW, clipped", { kind: "adamw", clip: "all", limit: 3 }],
    ["AdamW, each parameter clipped by itself", { kind: "adamw", clip: "each", limit: 1 }],
    ["SGD", { kind: "sgd" }],
  ])(
    "%s: steps that overflow leave no trace but half the scale; other updates are float64's, and the scale doubles after three",
    async (_, options) => {
      const r = await rig(await testEngine(), { ...options, scaling });
      const reference = new Reference(options);
      const knobs = { lr: 0.02, decay: 0.1, limit: options.limit ?? 1 };
      Object.assign(r.optimizer.knobs.lr, { value: knobs.lr });
      Object.assign(r.optimizer.knobs.decay, { value: knobs.decay });
      const overflows = new Map([
        [0, Number.POSITIVE_INFINITY],
        [3, Number.NaN],
      ]);
      let scale = SCALE;
      const states: number[][] = [];
      for (let t = 0; t < 7; t++) {
        const gradients = gradientsAt(t);
        const planted = times(gradients, scale);
        const bad = overflows.get(t);
        if (bad === undefined) reference.update(gradients, knobs);
        else planted[4][3] = bad;
        const before = await r.params.read();
        await step(r, planted);
        if (bad !== undefined) expect(await r.params.read()).toEqual(before);
        states.push(await scalerOf(r));
        scale = states[t][0];
      }
      expect(states).toEqual([
        ...[
          [256, 0, 1],
          [256, 1, 1],
          [256, 2, 1],
        ],
        ...[
          [128, 0, 2],
          [128, 1, 2],
          [128, 2, 2],
          [256, 0, 2],
        ],
      ]);
      await expectWeights(r.params, reference.weights, 5e-6);
    },
  );

  test("a saved state continues with the bits of an uninterrupted run, its scale included", async () => {
    const options: OptimizerOptions = { kind: "adamw", scaling };
    const planted = (t: number) => times(gradientsAt(t), SCALE);
    const [whole, before] = [await rig(await testEngine(), options), await rig(await testEngine(), options)];
    for (let t = 0; t < 5; t++) await step(whole, planted(t));
    for (let t = 0; t < 2; t++) await step(before, planted(t));
    const after = await rig(await testEngine(), options, await before.params.read());
    after.optimizer.restore(await before.optimizer.state());
    for (let t = 2; t < 5; t++) await step(after, planted(t));
    expect(await after.params.read()).toEqual(await whole.params.read());
    expect(await after.optimizer.state()).toEqual(await whole.optimizer.state());
    const plain = await rig(await testEngine(), { kind: "adamw" });
    const saved = await whole.optimizer.state();
    expect(() => plain.optimizer.restore(saved)).toThrow("The saved optimizer does not fit this model.");
  });
});

test("recording the step again takes no new memory, and destroying gives all back", async () => {
  const r = await rig(await testEngine(), { kind: "adamw", clip: "all" });
  const other = PLAN.map((p) => ({ ...p, parts: 1 }));
  const again = async (plan: Plan[]) => (await trace(r, plan)).dispose();
  for (const plan of [other, PLAN]) await again(plan);
  const bytes = r.engine.allocatedBytes;
  for (let i = 0; i < 20; i++) await again(i % 2 ? PLAN : other);
  expect(r.engine.allocatedBytes).toBe(bytes);
  r.program.dispose();
  r.optimizer.destroy();
  const fresh = new Optimizer(r.params, { kind: "adamw", clip: "all" });
  (await trace({ ...r, optimizer: fresh })).dispose();
  expect(r.engine.allocatedBytes).toBe(bytes);
});

test("deitDecay spares biases, norms, positions and the class token", () => {
  const decaying = Object.entries(SHAPES).filter(([name, shape]) => deitDecay(name, shape));
  expect(decaying.map(([name]) => name)).toEqual(["qkv.weight", "frozen.weight", "head.weight"]);
  expect(deitDecay("vit.pos_embed", [1, 5, 4])).toBe(false);
  expect(deitDecay("patch_embed.proj.weight", [4, 3, 2, 2])).toBe(true);
});

describe("warmupCosine", () => {
  const rate = (step: number) => warmupCosine(step, { peak: 1, warmup: 4, total: 12, floor: 0.2, end: 0.1 });

  test.each([
    [0, 0.2],
    [1, 0.4],
    [3, 0.8],
    [4, 1],
    [6, 0.1 + 0.45 * (1 + Math.SQRT1_2)],
    [8, 0.55],
    [10, 0.1 + 0.45 * (1 - Math.SQRT1_2)],
    [12, 0.1],
    [1000, 0.1],
  ])("step %i: %f", (at, expected) => expect(rate(at)).toBeCloseTo(expected, 12));

  test("without warm-up starts at the peak; with nothing else ends there", () => {
    expect(warmupCosine(0, { peak: 2, warmup: 0, total: 10 })).toBe(2);
    expect(warmupCosine(10, { peak: 2, warmup: 0, total: 10 })).toBe(0);
    expect(warmupCosine(5, { peak: 2, warmup: 5, total: 5 })).toBe(2);
  });
});

describe("stepSchedule", () => {
  const rate = (step: number) => stepSchedule(step, { peak: 2, warmup: 10, total: 120, falls: [8 / 12, 11 / 12], floor: 0.5 });

  test.each([
    [0, 0.5],
    [5, 1.25],
    [10, 2],
    [79, 2],
    [80, 0.2],
    [109, 0.2],
    [110, 0.02],
    [500, 0.02],
  ])("step %i: %f", (at, expected) => expect(rate(at)).toBeCloseTo(expected, 12));

  test("without warm-up starts at the peak, without falls stays there, and falls by its factor", () => {
    const plain = { peak: 3, warmup: 0, total: 10 };
    expect([0, 9, 10].map((step) => stepSchedule(step, { ...plain, falls: [] }))).toEqual([3, 3, 3]);
    expect([4, 5, 9].map((step) => stepSchedule(step, { ...plain, falls: [0.9, 0.5], factor: 0.5 }))).toEqual([3, 1.5, 0.75]);
  });
});
