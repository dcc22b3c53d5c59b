/** MaskedKD of an audio spectrogram transformer against float64, and what a session sees of it. */
import { describe, expect, test } from "vitest";
import { Order } from "../../data/batches";
import type { Engine } from "../../engine/device";
import { Graph, Live } from "../../engine/graph";
import { Program } from "../../engine/program";
import { configMacs } from "../../metrics/cost";
import { initViT, patches, type ViTConfig } from "../../models/vit/config";
import { vitForward64 } from "../../models/vit/reference";
import { DEIT_S } from "../../models/vit/vit.fixture";
import { compare, testEngine } from "../../ops/check";
import type { Classification } from "../classification/task";
import { readNetwork, writeNetwork } from "../vitNetwork";
import { runtime } from "./runtime";
import { spectrograms } from "./spectrograms";
import { CONFIG, dataset, SETTINGS, teacher } from "./task.fixture";

function made(engine: Engine, changed: object = {}, taught = true): Classification {
  const settings = { ...SETTINGS, ...changed };
  const live = Object.fromEntries(["step", ...Object.keys(settings)].map((key) => [key, new Live(Number(settings[key as "lr"]))]));
  return runtime.create(engine, { dataset, ...(taught && { teacher }) }, settings, live);
}

async function firstStep(task: Classification, engine: Engine) {
  const graph = new Graph(engine);
  const { outputs } = task.trace(graph);
  const program = await Program.compile(graph, outputs);
  const loaded = task.load(0);
  const fetched = await program.fetch();
  const report = task.report(fetched, loaded);
  program.dispose();
  return { fetched, labels: loaded.labels, report };
}

const softmax = (row: number[], most = Math.max(...row)) => {
  const e = row.map((v) => Math.exp(v - most));
  return e.map((v) => v / e.reduce((a, b) => a + b, 0));
};
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

test("a step: both special tokens score the patches, the teacher sees the best of its own grid, and is imitated", async () => {
  const engine = await testEngine();
  const task = made(engine, { augment: "none", stride: 2 });
  const { fetched, labels } = await firstStep(task, engine);
  const { config } = task;
  const student = initViT(config, SETTINGS.seed);
  const images = firstBatch();
  const seen = vitForward64(config, student, images, 3);
  const [tokens, n] = [patches(config) + 2, patches(config)];
  const last = seen.attention[1];
  const scores = [0, 1, 2].map((b) =>
    Array.from({ length: n }, (_, i) => mean([0, 1].flatMap((h) => [0, 1].map((q) => last[((b * 2 + h) * tokens + q) * tokens + 2 + i])))),
  );
  compare("scores", fetched.score, scores.flat(), 1e-4);
  const k = Math.round(n / 2);
  const kept = [0, 1, 2].map((b) => [...fetched.kept.subarray(b * k, (b + 1) * k)]);
  for (const [b, some] of kept.entries()) {
    const least = Math.min(...some.map((i) => scores[b][i]));
    for (let i = 0; i < n; i++) if (!some.includes(i)) expect(scores[b][i]).toBeLessThanOrEqual(least + 1e-6);
  }
  const taught = vitForward64(CONFIG, teacher.weights, images, 3, kept);
  compare("the teacher's answer", fetched.teacherLogits, taught.logits.flat(), 1e-4);
  const kd = seen.logits.map((row, b) => {
    const [q, p] = [softmax(row), softmax(taught.logits[b])];
    return p.reduce((sum, v, c) => sum + v * Math.log(v / q[c]), 0);
  });
  compare(
    "losses",
    [fetched.ce[0], fetched.kd[0]],
    [mean(seen.logits.map((row, b) => -Math.log(softmax(row)[labels[b]]))), mean(kd)],
    1e-4,
  );
  task.destroy();
});

/** The pictures of the first step, normalised as AST does: less the mean, over twice the standard deviation. */
function firstBatch(): Float64Array {
  const { train } = spectrograms(dataset, SETTINGS.frames);
  const order = new Order(train.count, SETTINGS.batch, SETTINGS.seed).indices(0);
  const { mean: means, std } = dataset.moments;
  return Float64Array.from(
    order.flatMap((i) => Array.from(train.image(i))),
    (v) => (v - means[0]) / std[0],
  );
}

test("SpecAugment changes what both see, and nothing when its masks are narrow", async () => {
  const engine = await testEngine();
  const logits = async (changed: object) => {
    const task = made(engine, changed);
    const { fetched } = await firstStep(task, engine);
    task.destroy();
    return [...fetched.teacherLogits];
  };
  const plain = await logits({ augment: "none", keep: 1 });
  expect(await logits({ keep: 1, maskedBands: 1, maskedFrames: 0 })).toEqual(plain);
  expect(await logits({ keep: 1, maskedBands: 6, maskedFrames: 8 })).not.toEqual(plain);
});

test("a run reports, shows and tests what classification does, by sounds", async () => {
  const engine = await testEngine();
  const task = made(engine);
  const { report } = await firstStep(task, engine);
  expect(Object.keys(report.losses)).toEqual(["ce", "kd"]);
  expect(report.kept).toHaveLength(3 * 8);
  expect(task.grid).toEqual([3, 5]);
  expect(task.cost()).toMatchObject({ kept: 8, patches: 15, macs: configMacs(CONFIG, 8).total, fullMacs: configMacs(CONFIG).total });
  const outcome = await task.outcome({ whole: true });
  expect(outcome).toMatchObject({ student_top1: expect.any(Number), teacher_top1: expect.any(Number), kept: 8, patches: 15 });
  expect(outcome.object_seen).toBeGreaterThan(0.2);
  const alone = made(engine, {}, false);
  expect(Object.keys((await firstStep(alone, engine)).report.losses)).toEqual(["ce"]);
  for (const one of [task, alone]) one.destroy();
});

describe("files", () => {
  test("say how pictures are cut, and load back as they were", async () => {
    const read = await readNetwork(writeNetwork(teacher, dataset), "a.safetensors");
    expect(read.config).toEqual(CONFIG);
    expect([read.classes, read.weights.get("head_norm.weight")]).toEqual([dataset.classes, teacher.weights.get("head_norm.weight")]);
    const plain: ViTConfig = { ...CONFIG, stride: undefined };
    const back = await readNetwork(writeNetwork({ weights: initViT(plain, 1), config: plain }, dataset), "b.safetensors");
    expect([back.config.image, back.config.columns, patches(back.config)]).toEqual([8, 12, 6]);
  });

  test("of a network for other frames, bands or classes are refused", async () => {
    const engine = await testEngine();
    expect(() => made(engine, { frames: 16 })).toThrow("teacher expects 12 columns of pixels; this data has 16.");
    const { assertFits } = runtime.networks;
    assertFits(teacher, dataset);
    expect(() => assertFits(teacher, { ...dataset, side: 16 })).toThrow(/expects images of 8 pixels/);
    expect(() => assertFits(teacher, { ...dataset, classes: ["a", "b"] })).toThrow(/knows none of this data's classes/);
  });
});

test("AST's cost on ESC-50 is that of the paper's Table 3: TFLOPs of an epoch at all patches, 500 and 300", () => {
  const base = { ...DEIT_S, family: "ast" as const, width: 768, heads: 12, mlp: 3072, channels: 1, classes: 50 };
  const ast: ViTConfig = { ...base, image: 128, columns: 512, patch: 16, stride: 10 };
  const epoch = (kept?: number) => (1600 * configMacs(ast, kept).total) / 1e12;
  for (const [kept, said] of [
    [undefined, 92.8],
    [500, 75.9],
    [300, 44.0],
  ] as const)
    expect(Math.abs(epoch(kept) / said - 1)).toBeLessThan(0.003);
});
