/** The settings of a classification run, changed while it runs: each acts on the next step, and none compiles twice. */
import { expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { initViT, type ViTConfig } from "../models/vit/config";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import type { Network } from "../tasks/classification/network";
import { runtime } from "../tasks/classification/runtime";
import type { Sources } from "../tasks/task";
import { Session } from "./session";

const dataset = scenes({ side: 16, train: 24, test: 12, seed: 3 });
const settings = { ...SCHEMA.defaults(), width: 8, depth: 2, heads: 2, batch: 4, steps: 8, seed: 5 };

const TEACHER: ViTConfig = {
  ...{ image: 16, patch: 4, channels: 3, classes: dataset.classes.length, width: 12, depth: 2, heads: 3, headDim: 4, mlp: 24 },
  ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
};
const network = (name: string, config: ViTConfig): Network => ({ id: name, name, weights: initViT(config, 2), config });
const teacher = network("teacher", TEACHER);
const guide = network("guide", { ...TEACHER, image: 24, patch: 8, classes: 0 });

async function run(options: Partial<Sources<typeof dataset, Network>> = {}, changed = {}) {
  const sources = { dataset, teacher, ...options };
  return Session.create({ engine: await testEngine(), runtime, sources, settings: { ...settings, ...changed } });
}

/** A value besides the default for every live setting of the mask, the loss and augmentation. */
const CHANGES: [string, string | number][] = [
  ["keep", 0.25],
  ["criterion", "teacher"],
  ["criterion", "guide"],
  ["criterion", "random"],
  ["criterion", "bottom"],
  ["criterion", "late-random"],
  ["criterion", "guide-late-random"],
  ["queries", "patches"],
  ["softmaxOver", "eq2"],
  ["block", 1],
  ["masked", "student"],
  ["maskedkd.temperature", 4],
  ["maskedkd.lambda", 3],
  ["smoothing", 0.1],
  ["base", "manifold"],
  ["base", "attention"],
  ["augment", "none"],
  ["augment", "heavy"],
];

test("every live change acts on the very next step, and compiles nothing the second time", async () => {
  const engine = await testEngine();
  const session = await run({ guide }, { steps: 1000 });
  const twice = async () => {
    for (const [key, value] of CHANGES) {
      session.set(key, value);
      const { kept, losses } = await session.advance();
      if (key === "keep") expect(kept).toHaveLength(4 * 4);
      expect(losses.ce).toBeGreaterThan(0);
      session.set(key, SCHEMA.defaults()[key]);
      expect((await session.advance()).kept).toHaveLength(4 * 8);
    }
  };
  await twice();
  const { pipelineCount } = engine;
  await twice();
  expect(engine.pipelineCount).toBe(pipelineCount);
  session.destroy();
});

test("heavy augmentation's numbers act on the next step without compiling anything", async () => {
  const engine = await testEngine();
  const first = async (change: () => [string, number][]) => {
    const session = await run({}, { augment: "heavy" });
    const { losses } = await session.advance();
    const { pipelineCount } = engine;
    for (const [key, value] of change()) session.set(key, value);
    const next = (await session.advance()).losses;
    expect(engine.pipelineCount).toBe(pipelineCount);
    session.destroy();
    return { losses, next };
  };
  const plain = await first(() => []);
  for (const [key, value] of [
    ["crop", 0.3],
    ["magnitude", 0],
    ["mixup", 0],
    ["cutmix", 0],
  ] as const) {
    const { losses, next } = await first(() => [[key, value]]);
    expect(losses).toEqual(plain.losses);
    expect(next).not.toEqual(plain.next);
  }
});

test("with all of heavy augmentation off, the losses are those of the light one", async () => {
  const few = async (augment: string) => {
    const session = await run({}, { augment, magnitude: 0, mixup: 0, cutmix: 0, smoothing: 0.1 });
    const found = [(await session.advance()).losses, (await session.advance()).losses];
    session.destroy();
    return found;
  };
  const [light, heavy] = [await few("light"), await few("heavy")];
  for (const i of [0, 1]) for (const name of ["ce", "kd"]) expect(heavy[i][name]).toBeCloseTo(light[i][name], 5);
});

test("a run under heavy augmentation and late randomness continues with the same bits", async () => {
  const changed = { augment: "heavy", criterion: "guide-late-random" };
  const take = async (session: Session, steps: number) => {
    const found = [];
    for (let i = 0; i < steps; i++) {
      const { losses, kept } = await session.advance();
      found.push({ losses, kept });
    }
    return found;
  };
  const whole = await run({ guide }, changed);
  const expected = await take(whole, 8);
  const half = await run({ guide }, changed);
  const first = await take(half, 5);
  const bytes = await half.save();
  const engine = await testEngine();
  const continued = Session.restore({ engine, runtime, sources: { dataset, teacher, guide } }, bytes);
  expect([...first, ...(await take(continued, 3))]).toEqual(expected);
  const other = { ...guide, id: "another" };
  expect(() => Session.restore({ engine, runtime, sources: { dataset, teacher, guide: other } }, bytes)).toThrow(/guide/);
  for (const session of [whole, half, continued]) session.destroy();
});

test("a guide that is not there is refused, and the run goes on as it was", async () => {
  const session = await run();
  expect(() => session.set("criterion", "guide")).toThrow(/no guide is loaded/);
  expect(session.settings.criterion).toBe("student");
  expect(session.changes).toEqual([]);
  await expect(run({}, { criterion: "guide" })).rejects.toThrow(/no guide is loaded/);
  session.destroy();
});

test("a guide that comes during a run can be used at once, and one in use stays", async () => {
  const session = await run();
  await session.advance();
  session.task.offerGuide(guide);
  expect(session.task.guide).toBeUndefined();
  session.set("criterion", "guide");
  expect((await session.advance()).kept).toHaveLength(4 * 8);
  session.task.offerGuide({ ...guide, id: "another" });
  expect(session.task.guide?.id).toBe("guide");
  const engine = await testEngine();
  const alone = { dataset, teacher };
  const asking = await session.save();
  expect(() => Session.restore({ engine, runtime, sources: alone }, asking)).toThrow(/guide/);
  session.set("criterion", "student");
  Session.restore({ engine, runtime, sources: alone }, await session.save()).destroy();
  session.destroy();
});

test("the teacher is timed at the patches it sees and at all, and judged on held-out images as it sees them", async () => {
  const session = await run({}, { keep: 1 });
  const all = await session.task.teacherTime();
  expect(all?.ms).toBeGreaterThan(0);
  expect(all?.fullMs).toBe(all?.ms);
  const full = await session.task.evaluateTeacher();
  session.set("keep", 0.25);
  const part = await session.task.teacherTime();
  expect(part?.ms).toBeGreaterThan(0);
  expect(part?.bytes).toBeLessThan(0.5 * (all?.bytes ?? 0));
  expect([part?.fullBytes, all?.fullBytes]).toEqual([all?.bytes, all?.bytes]);
  session.set("masked", "student");
  const unmasked = await session.task.teacherTime();
  expect(unmasked?.ms).toBe(unmasked?.fullMs);
  expect(await session.task.evaluateTeacher()).toBe(full);
  session.destroy();
  const alone = await run({ teacher: undefined });
  expect(await alone.task.teacherTime()).toBeUndefined();
  expect(await alone.task.evaluateTeacher()).toBeUndefined();
  alone.destroy();
});
