/** A teacher of larger images and another grid of patches than its student: a whole step against the formulas in float64. */
import { describe, expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { manifold } from "../methods/classification/manifold";
import { initViT, patches, type ViTConfig } from "../models/vit/config";
import { leadOf } from "../models/vit/families";
import { vitForward64 } from "../models/vit/reference";
import { compare, testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import { type Model, traceLosses } from "../tasks/classification/step";
import type { Network } from "../tasks/vitNetwork";
import { Session } from "./session";
import { distillationOf, loadBatch, makeScene, model, pixelsOf, STUDENT } from "./step.fixture";

const BATCH = 8;
/** Patches as large, more of them; larger and fewer patches; a network without a position for its class token. */
const TEACHERS: [string, ViTConfig, number][] = [
  ["6 x 6 of its own", { ...STUDENT, image: 18, width: 12, heads: 3, depth: 3 }, 17],
  ["5 x 5 other ones", { ...STUDENT, image: 20, patch: 4, width: 12, heads: 3, mlp: 20 }, 9],
  ["3 x 3 in DeiT-III", { ...STUDENT, family: "deit3", image: 24, patch: 8, width: 12, heads: 3 }, 4],
];

/** [rows, columns] maps of x resized to `to` x `to`, half-pixel centres, borders repeated (methods: align_corners = false). */
function bilinear(x: ArrayLike<number>, from: number, to: number): Float64Array {
  const at = (out: number) => Math.min(from - 1, Math.max(0, ((out + 0.5) * from) / to - 0.5));
  return Float64Array.from({ length: (x.length / from ** 2) * to ** 2 }, (_, i) => {
    const [y, column] = [at(Math.floor(i / to) % to), at(i % to)];
    const [y0, x0] = [Math.floor(y), Math.floor(column)];
    const [fy, fx] = [y - y0, column - x0];
    const value = (r: number, c: number) => x[(Math.floor(i / to ** 2) * from + Math.min(from - 1, r)) * from + Math.min(from - 1, c)];
    const row = (r: number) => (1 - fx) * value(r, x0) + fx * value(r, x0 + 1);
    return (1 - fy) * row(y0) + fy * row(y0 + 1);
  });
}

test("bilinear is that of methods: 2 to 4 is [a, .75a + .25b, .25a + .75b, b]", () => {
  expect([...bilinear([0, 1, 0, 1], 2, 4).subarray(0, 4)]).toEqual([0, 0.25, 0.75, 1]);
});

/** Mean over heads of the last block's attention of the class token to each patch, [B, N]. */
function scores64(config: ViTConfig, attention: Float64Array[]): Float64Array {
  const lead = leadOf(config);
  const [count, tokens] = [patches(config), patches(config) + lead];
  const last = attention[config.depth - 1];
  return Float64Array.from({ length: BATCH * count }, (_, i) => {
    const [b, patch] = [Math.floor(i / count), i % count];
    const of = (head: number) => last[(b * config.heads + head) * tokens * tokens + lead + patch];
    return Array.from({ length: config.heads }, (_, h) => of(h)).reduce((sum, a) => sum + a, 0) / config.heads;
  });
}

const side = ({ image, patch }: ViTConfig) => image / patch;
const softmax = (z: number[], t: number) => {
  const e = z.map((v) => Math.exp(v / t));
  return e.map((v) => v / e.reduce((a, b) => a + b));
};

describe.each(TEACHERS)("a teacher of %s", (_, config, k) => {
  test("sees its own resolution at the patches that the resized scores choose", async () => {
    const scene = makeScene(await testEngine());
    loadBatch(scene, 0);
    const teacher: Model = model(scene.engine, config, 9);
    const graph = new Graph(scene.engine);
    const distillation = distillationOf({ ...scene, teacher }, { k });
    const { outputs } = traceLosses(graph, { ...scene, distillation });
    const out = await (await Program.compile(graph, outputs)).fetch();

    const pixels = pixelsOf(0);
    const seen = vitForward64(STUDENT, await scene.student.params.read(), pixels, BATCH);
    const score = bilinear(scores64(STUDENT, seen.attention), side(STUDENT), side(config));
    compare("score", out.score, score, 1e-5);
    const count = patches(config);
    const kept = Array.from({ length: BATCH }, (_, b) => {
      const row = score.subarray(b * count, (b + 1) * count);
      return [...row.keys()].sort((i, j) => row[j] - row[i] || i - j).slice(0, k);
    });
    expect([...out.kept]).toEqual(kept.flat());
    const answers = vitForward64(config, await teacher.params.read(), bilinear(pixels, STUDENT.image, config.image), BATCH, kept);
    compare("teacher", out.teacherLogits, answers.logits.flat(), 1e-4);
    const kl = answers.logits.map((z, b) => {
      const [p, q] = [softmax(z, 2), softmax(seen.logits[b], 2)];
      return 4 * p.reduce((sum, v, c) => sum + v * Math.log(v / q[c]), 0);
    });
    compare("kd", out.kd, [kl.reduce((a, b) => a + b) / BATCH], 1e-4);
  });
});

test("losses that compare token by token are refused between two grids, also where as many tokens are kept", async () => {
  const scene = makeScene(await testEngine());
  const teacher = model(scene.engine, TEACHERS[0][1], 9);
  const distillation = { ...distillationOf({ ...scene, teacher }, { k: 9 }), methods: [{ method: manifold as never, knobs: {} }] };
  expect(() => traceLosses(new Graph(scene.engine), { ...scene, distillation })).toThrow(/cut images differently/);
});

test("a run with a teacher of larger images has its grid, and the student may have other patches", async () => {
  const dataset = scenes({ side: 16, train: 16, test: 8, seed: 3 });
  const config: ViTConfig = { ...STUDENT, image: 24, patch: 4, channels: 3, classes: dataset.classes.length };
  const teacher: Network = {
    id: "t",
    name: "large",
    weights: initViT(config, 1),
    config,
    moments: dataset.moments,
    classes: dataset.classes,
  };
  const settings = { ...SCHEMA.defaults(), ...{ width: 24, depth: 2, heads: 2, batch: 8, steps: 2, patch: 8, keep: 0.5 } };
  const session = await Session.create({ engine: await testEngine(), runtime, sources: { dataset, teacher }, settings });
  expect(session.task.config.patch).toBe(8);
  expect(session.task.grid).toEqual([6, 6]);
  const { kept } = await session.advance();
  expect(kept).toHaveLength(8 * 18);
  expect(Math.max(...(kept as Uint32Array))).toBeGreaterThan(15);
  expect(session.task.cost()).toMatchObject({ kept: 18, patches: 36 });
  expect(await session.task.outcome()).toMatchObject({ kept: 18, patches: 36 });
  session.destroy();
});
