/** Segmentation as a session sees it: what a step reports, what the teacher is shown and costs, what settings act. */
import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine/device";
import { Graph, Live } from "../../engine/graph";
import { Program } from "../../engine/program";
import { segmenterMacs } from "../../metrics/cost.segmenter";
import { testEngine } from "../../ops/check";
import type { SegmenterNetwork } from "./network";
import { Segmentation } from "./task";
import { CONFIG, dataset, SETTINGS, teacher } from "./task.fixture";

const { classes } = dataset;

function made(engine: Engine, changed: object = {}, taught: SegmenterNetwork | undefined = teacher) {
  const settings = { ...SETTINGS, ...changed };
  const live = Object.fromEntries(["step", ...Object.keys(settings)].map((key) => [key, new Live(Number(settings[key as "lr"]))]));
  return new Segmentation(engine, { dataset, teacher: taught }, settings, live);
}

/** What the first step reports, before any update. */
async function firstReport(task: Segmentation, engine: Engine) {
  const graph = new Graph(engine);
  const { outputs } = task.trace(graph);
  const program = await Program.compile(graph, outputs);
  task.load(0);
  const report = task.report(await program.fetch());
  program.dispose();
  return report;
}

describe("a step", () => {
  test("under a mask compares tokens at the patches the teacher sees, three quarters of them by default", async () => {
    const engine = await testEngine();
    const task = made(engine);
    const { losses, kept } = await firstReport(task, engine);
    expect(Object.keys(losses)).toEqual(["ce", "manifold"]);
    expect(losses.manifold).toBeGreaterThan(0);
    expect(kept).toHaveLength(3 * 12);
    const { encoder } = segmenterMacs(CONFIG, 12);
    expect(task.cost()).toMatchObject({ kept: 12, patches: 16, macs: encoder, fullMacs: segmenterMacs(CONFIG).encoder });
    task.destroy();
  });

  test("with logits shows the teacher every patch and asks its decoder, whatever the share", async () => {
    const engine = await testEngine();
    const task = made(engine, { "segmenter.base": "logit", keep: 0.25 });
    const { losses, kept } = await firstReport(task, engine);
    expect(Object.keys(losses)).toEqual(["ce", "kd"]);
    expect(kept).toBeUndefined();
    const { total } = segmenterMacs(CONFIG);
    expect(task.cost()).toMatchObject({ kept: 16, macs: total, fullMacs: total });
    task.destroy();
  });

  test("alone has the labels' loss, near the logarithm of the number of classes", async () => {
    const engine = await testEngine();
    const alone = new Segmentation(
      engine,
      { dataset },
      SETTINGS,
      Object.fromEntries(["step", ...Object.keys(SETTINGS)].map((k) => [k, new Live(0)])),
    );
    const { losses, kept } = await firstReport(alone, engine);
    expect(Object.keys(losses)).toEqual(["ce"]);
    expect(Math.abs(losses.ce - Math.log(classes.length))).toBeLessThan(1);
    expect([kept, alone.cost(), await alone.teacherTime()]).toEqual([undefined, undefined, undefined]);
    alone.destroy();
  });

  test.each(["student", "random", "bottom", "late-random"])("keeps different patches of every image, chosen by %s", async (criterion) => {
    const engine = await testEngine();
    const task = made(engine, { criterion, keep: 0.5 });
    const { kept } = await firstReport(task, engine);
    for (let b = 0; b < 3; b++) expect(new Set(kept?.subarray(8 * b, 8 * (b + 1))).size).toBe(8);
    task.destroy();
  });
});

test("a snapshot names every pixel for student and whole teacher, and says what is kept", async () => {
  const engine = await testEngine();
  const task = made(engine);
  const seen = await task.snapshot([0, 1]);
  expect([seen.student.length, seen.teacher?.length, seen.kept?.length, seen.score?.length]).toEqual([2048, 2048, 24, 32]);
  expect(Math.max(...seen.student)).toBeLessThan(classes.length);
  task.destroy();
});

test("scores are mean IoU first; the outcome adds the teacher's, and IoU by class where all of it is wanted", async () => {
  const engine = await testEngine();
  const task = made(engine);
  expect(Object.keys(await task.evaluate(4))).toEqual(["miou", "accuracy"]);
  expect(task.lastScores).toBeUndefined();
  const outcome = await task.outcome({ whole: true });
  expect(outcome.miou).toBeGreaterThanOrEqual(0);
  expect(outcome.teacher_miou).toBe((await task.teacherOnAll())?.miou);
  expect(outcome).toMatchObject({ kept: 12, patches: 16, iou: expect.objectContaining({ background: expect.any(Number) }) });
  expect(await task.outcome()).not.toHaveProperty("iou");
  task.destroy();
});

test("a teacher for other images, classes or patches is refused by name", async () => {
  const engine = await testEngine();
  const other = (change: Partial<SegmenterNetwork>) => () => made(engine, {}, { ...teacher, ...change });
  expect(other({ classes: [...classes].reverse() })).toThrow(/teacher knows the classes star/);
  expect(other({ config: { ...CONFIG, encoder: { ...CONFIG.encoder, image: 64 } } })).toThrow(/expects images of 64 pixels/);
  expect(other({ moments: { mean: [0, 0, 0], std: [1, 1, 1] } })).toThrow(/other brightness or contrast/);
  expect(() => made(engine, { patch: 4 })).toThrow(/patches of 8 pixels, the student of 4/);
  expect(() => made(engine, { heads: 5 })).toThrow(/width of 16 cannot be shared by 5 heads/);
});
