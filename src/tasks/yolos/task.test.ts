/** Detection by transformer as a session sees it: what a step reports, what the teacher is shown and costs, what settings act. */
import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine/device";
import { Graph, Live } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { GroundTruth } from "../../geometry/boxes";
import { yolosMacs } from "../../metrics/cost.yolos";
import type { Weights } from "../../models/weights";
import { yolos64 } from "../../models/yolos/yolos.reference";
import { compare, testEngine } from "../../ops/check";
import { losses64 } from "../../ops/setPrediction.reference";
import { largest } from "./inputs";
import type { YolosNetwork } from "./network";
import { Yolos } from "./task";
import { CONFIG, dataset, SETTINGS, teacher } from "./task.fixture";

function made(engine: Engine, changed: object = {}, taught: YolosNetwork | null = teacher) {
  const settings = { ...SETTINGS, ...changed };
  const live = Object.fromEntries(["step", ...Object.keys(settings)].map((key) => [key, new Live(Number(settings[key as "lr"] ?? 0))]));
  return new Yolos(engine, { dataset, teacher: taught ?? undefined }, settings, live);
}

const alone = (engine: Engine, changed: object = {}) => made(engine, changed, null);

/** What the first step reports, before any update. */
async function firstReport(task: Yolos, engine: Engine) {
  const graph = new Graph(engine);
  const { outputs } = task.trace(graph);
  const program = await Program.compile(graph, outputs);
  task.load(0);
  const report = task.report(await program.fetch());
  program.dispose();
  return report;
}

/** The images of a data set's part as a network reads them, [B, 3, S, S]. */
function planesOf(indices: readonly number[], of: "train" | "test" = "train"): Float64Array {
  const { side, moments } = dataset;
  const area = side ** 2;
  return Float64Array.from({ length: 3 * area * indices.length }, (_, i) => {
    const [image, c, pixel] = [Math.floor(i / (3 * area)), Math.floor(i / area) % 3, i % area];
    return (dataset[of].image(indices[image])[3 * pixel + c] / 255 - moments.mean[c]) / moments.std[c];
  });
}

describe("a step", () => {
  test("alone reports DETR's losses, as they are in float64", async () => {
    const engine = await testEngine();
    const task = alone(engine, { augment: "none" });
    const { losses, kept } = await firstReport(task, engine);
    const weights = await task.weights();
    expect([Object.keys(losses), kept, task.cost(), await task.teacherTime()]).toEqual([
      ["ce", "l1", "giou"],
      undefined,
      undefined,
      undefined,
    ]);
    const expected = await losses64Of(task, weights);
    compare("losses", Object.values(losses), [expected.ce, expected.l1, expected.giou], 1e-4);
    task.destroy();
  });

  test("under a mask compares tokens at the patches the teacher sees, half of them by default", async () => {
    const engine = await testEngine();
    const task = made(engine);
    const { losses, kept } = await firstReport(task, engine);
    expect(Object.keys(losses)).toEqual(["ce", "l1", "giou", "patch", "det"]);
    expect(losses.patch).toBeGreaterThan(0);
    expect(kept).toHaveLength(3 * 8);
    expect(task.cost()).toMatchObject({ kept: 8, patches: 16, macs: yolosMacs(CONFIG, 8).encoder, fullMacs: yolosMacs(CONFIG).encoder });
    task.destroy();
  });

  test.each(["student", "random", "bottom", "late-random"])("keeps different patches of every image, chosen by %s", async (criterion) => {
    const engine = await testEngine();
    const task = made(engine, { criterion });
    const { kept } = await firstReport(task, engine);
    for (let b = 0; b < 3; b++) expect(new Set(kept?.subarray(8 * b, 8 * (b + 1))).size).toBe(8);
    task.destroy();
  });

  test("what the teacher's tokens are compared with is a projection that learns beside the student and does not leave with it", async () => {
    const engine = await testEngine();
    const task = made(engine);
    expect([...task.params.places.keys()].filter((name) => name.startsWith("kd."))).toEqual(["kd.proj.weight", "kd.proj.bias"]);
    const names = [...(await task.weights()).keys()];
    expect(names).toContain("backbone.det_token");
    expect(names.some((name) => name.includes("proj.weight") && !name.includes("attn") && !name.includes("patch_embed"))).toBe(false);
    task.destroy();
  });
});

/** DETR's losses of the first batch for these weights, in float64. */
async function losses64Of(task: Yolos, weights: Weights) {
  const { Order } = await import("../../data/batches");
  const indices = new Order(dataset.train.count, 3, SETTINGS.seed).indices(0);
  const { logits, boxes } = yolos64(task.config, weights, planesOf(indices), 3);
  const slots = 5;
  const objects = indices.map((i) => largest(dataset.train.truths(i), slots));
  const at = (b: number, s: number): GroundTruth | undefined => objects[b][s];
  const cells = Array.from({ length: 3 * slots }, (_, i) => at(Math.floor(i / slots), i % slots));
  const classes = dataset.classes.length;
  const labels = cells.map((one) => one?.category ?? classes);
  const corners = cells.flatMap((one) => [...(one?.box ?? [0, 0, 0, 0])]);
  return losses64({ images: 3, queries: 5, slots, classes, side: 32, labels, boxes: corners, logits: [...logits], raw: [...boxes] }, 0.1);
}

test("of more objects than tokens the largest are learned; crowds, difficult and empty ones never", () => {
  const one = (size: number, more: Partial<GroundTruth> = {}): GroundTruth => ({ category: 0, box: [0, 0, size, size], ...more });
  const all = [one(1), one(4), one(9, { crowd: true }), one(3), one(8, { difficult: true }), one(0)];
  expect(largest(all, 5)).toEqual([one(1), one(4), one(3)]);
  expect(largest(all, 2)).toEqual([one(4), one(3)]);
});

test("a snapshot finds an object with every token for student and whole teacher, and says what is kept", async () => {
  const engine = await testEngine();
  const task = made(engine);
  const seen = await task.snapshot([0, 1]);
  expect([seen.student.length, seen.student[0].length, seen.teacher?.[1].length, seen.kept?.length, seen.score?.length]).toEqual([
    2, 5, 5, 16, 32,
  ]);
  const { boxes } = yolos64(CONFIG, teacher.weights, planesOf([0, 1], "test"), 2);
  const [x, , w] = [0, 1, 2].map((i) => 32 / (1 + Math.exp(-boxes[i])));
  expect(seen.teacher?.[0].some(({ box }) => Math.abs(box[0] - Math.max(0, x - w / 2)) < 1e-3)).toBe(true);
  task.destroy();
});

test("scores are average precision first; the outcome adds the teacher's, and errors where all of it is wanted", async () => {
  const engine = await testEngine();
  const task = made(engine);
  expect(Object.keys(await task.evaluate(4))[0]).toBe("map");
  const outcome = await task.outcome({ whole: true });
  expect(outcome.teacher_map).toBe((await task.teacherOnAll())?.map);
  expect(outcome).toMatchObject({
    kept: 8,
    patches: 16,
    tide: expect.anything(),
    errors: { student: expect.anything(), teacher: expect.anything() },
  });
  expect(await task.outcome()).not.toHaveProperty("errors");
  task.destroy();
});

test("a teacher for other images, classes, patches or tokens is refused by name", async () => {
  const engine = await testEngine();
  const other = (change: Partial<YolosNetwork>) => () => made(engine, {}, { ...teacher, ...change });
  expect(other({ classes: [...dataset.classes].reverse() })).toThrow(/teacher knows the classes arrow/);
  expect(other({ config: { ...CONFIG, encoder: { ...CONFIG.encoder, image: 64 } } })).toThrow(/expects images of 64 pixels/);
  expect(() => made(engine, { patch: 4 })).toThrow(/patches of 8 pixels, the student of 4/);
  expect(() => made(engine, { detTokens: 6 })).toThrow(/has 5 detection tokens, the student 6/);
  expect(() => made(engine, { heads: 5 })).toThrow(/width of 16 cannot be shared by 5 heads/);
});
