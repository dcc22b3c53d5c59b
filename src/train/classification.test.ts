/** The settings of a classification run, changed while it runs: each acts on the next step, and none compiles twice. */
import { expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { unpackBits } from "../metrics/bits";
import { configMacs, learningMacs } from "../metrics/cost";
import { initViT, type ViTConfig } from "../models/vit/config";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import type { Sources } from "../tasks/task";
import type { Network } from "../tasks/vitNetwork";
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
  ["attention.temperature", 20],
  ["manifold.draws", "per-layer"],
  ["dropPath", 0.5],
  ["augment", "none"],
  ["augment", "heavy"],
  ["augment", "crop"],
  ["operations", "full"],
];

test("steps that are queued together give the losses and rates of steps one by one, also across a change that records anew", async () => {
  const changes = (session: Session, step: number) => step === 3 && session.set("keep", 0.25);
  const single = await run();
  const expected = [];
  for (let step = 0; step < 6; step++) {
    changes(single, step);
    expected.push(await single.advance());
  }
  const together = await run();
  const queued = [];
  for (let step = 0; step < 6; step++) {
    changes(together, step);
    const { landed } = await together.queue();
    queued.push(landed);
    if (queued.length > 3) await queued[queued.length - 4];
  }
  const told = await Promise.all(queued);
  const facts = ({ step, losses, rates, lr, kept }: (typeof told)[number]) => ({ step, losses, rates, lr, kept });
  expect(told.map(facts)).toEqual(expected.map(facts));
  for (const { ms, imagesPerSecond } of told) expect([ms > 0, Number.isFinite(imagesPerSecond)]).toEqual([true, true]);
  // Their pace then holds what else is computed between two landings.
  expect([expected.some(({ overlapping }) => overlapping), told.at(-1)?.overlapping]).toEqual([false, true]);
  for (const session of [single, together]) session.destroy();
});

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
    ["erasing", 1],
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

test("light augmentation of the papers, and each part of heavy augmentation, changes what is learned from", async () => {
  const first = async (changed: Record<string, string | number>) => {
    const session = await run({}, changed);
    const { ce } = (await session.advance()).losses;
    session.destroy();
    return ce;
  };
  const off = { augment: "heavy", magnitude: 0, mixup: 0, cutmix: 0 };
  const [light, crop, narrow] = [await first({}), await first({ augment: "crop" }), await first({ augment: "crop", crop: 0.1 })];
  expect(new Set([light, crop, narrow]).size).toBe(3);
  expect(await first({ ...off, erasing: 0 })).toBeCloseTo(light, 5);
  expect(await first({ ...off, erasing: 1 })).not.toBeCloseTo(light, 5);
  const [basic, full] = [await first({ ...off, magnitude: 9 }), await first({ ...off, magnitude: 9, operations: "full" })];
  expect(new Set([light, basic, full]).size).toBe(3);
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

test("pictures show the score that ranks the patches, by every rule, and when all are shown as well", async () => {
  const session = await run({ guide });
  const scores = async (changes: Record<string, string | number>) => {
    for (const [key, value] of Object.entries(changes)) session.set(key, value);
    const { score } = await session.task.snapshot([0, 1]);
    for (const key of Object.keys(changes)) session.set(key, SCHEMA.defaults()[key]);
    return score;
  };
  const found = new Set<string>();
  const rules: Record<string, string | number>[] = [
    {},
    { criterion: "teacher" },
    { criterion: "guide" },
    { queries: "patches" },
    { softmaxOver: "eq2" },
    { block: 1 },
  ];
  for (const rule of [...rules, { masked: "student", block: 1, queries: "patches" }]) {
    const chosen = await scores({ ...rule, keep: 0.5 });
    expect(chosen).toHaveLength(2 * 16);
    expect(await scores({ ...rule, keep: 1 })).toEqual(chosen);
    found.add(String(chosen));
  }
  expect(found.size).toBe(rules.length + 1);
  expect(await scores({ criterion: "random", keep: 1 })).toBeUndefined();
  expect(await scores({ criterion: "random", keep: 0.5 })).toHaveLength(2 * 16);
  session.destroy();
  const alone = await run({ teacher: undefined });
  expect((await alone.task.snapshot([0, 1])).score).toHaveLength(2 * 64);
  alone.destroy();
});

test("a pass that is made for the choice alone is part of every figure of cost", async () => {
  const session = await run({ guide });
  const { task } = session;
  const total = (config: ViTConfig, seen?: number) => configMacs(config, seen).total;
  const cases = [
    [{}, total(TEACHER, 8), undefined],
    [{ criterion: "random" }, total(TEACHER, 8), undefined],
    [{ criterion: "teacher" }, total(TEACHER, 8), TEACHER],
    [{ criterion: "guide" }, total(TEACHER, 8), guide.config],
    [{ criterion: "guide-late-random" }, total(TEACHER, 8), guide.config],
    [{ masked: "student" }, total(TEACHER), task.config],
    [{ masked: "student", criterion: "random" }, total(TEACHER), undefined],
    [{ masked: "student", criterion: "teacher" }, total(TEACHER), TEACHER],
    [{ criterion: "teacher", keep: 1 }, total(TEACHER), undefined],
  ] as const;
  for (const [changes, answer, scorer] of cases) {
    for (const [key, value] of Object.entries(changes)) session.set(key, value);
    const extraMacs = scorer ? total(scorer) : 0;
    const studentMacs = learningMacs(task.config, "masked" in changes ? 8 : 16);
    expect(task.cost()).toMatchObject({ macs: answer + extraMacs, extraMacs, fullMacs: total(TEACHER), studentMacs });
    const time = await task.teacherTime();
    if (answer === total(TEACHER) || scorer === TEACHER) expect(time!.ms > time!.fullMs).toBe(scorer !== undefined);
    for (const key of Object.keys(changes)) session.set(key, SCHEMA.defaults()[key]);
  }
  session.set("criterion", "guide");
  const outcome = await task.outcome();
  expect(outcome.teacher_macs).toBe(total(TEACHER, 8) + total(guide.config));
  expect(outcome.student_macs).toBe(learningMacs(task.config));
  session.destroy();
});

test("the labels weigh as much as is said, from the very next step, and in full where nobody else teaches", async () => {
  const after = async (changed: Record<string, number>, sources: Partial<Sources<typeof dataset, Network>> = {}) => {
    const session = await run(sources, { "maskedkd.lambda": 0, decay: 0, ...changed });
    const before = await session.task.weights();
    await session.advance();
    const moved = await session.task.weights();
    const distance = [...moved].reduce(
      (sum, [name, { data }]) => sum + data.reduce((s, v, i) => s + Math.abs(v - before.get(name)!.data[i]), 0),
      0,
    );
    session.set("labels", 1 - Number(session.settings.labels));
    await session.advance();
    const next = await session.task.weights();
    session.destroy();
    return { moved, next, distance };
  };
  const [none, full] = [await after({ labels: 0 }), await after({ labels: 1 })];
  expect(none.distance).toBe(0);
  expect(full.distance).toBeGreaterThan(0);
  expect(none.next).not.toEqual(none.moved);
  const alone = { teacher: undefined };
  expect((await after({ labels: 0 }, alone)).moved).toEqual((await after({ labels: 1 }, alone)).moved);
});

test("heads that cannot be compared one by one are refused, and the run goes on as it was", async () => {
  const session = await run({}, { base: "attention" });
  expect(() => session.set("attention.heads", "per-head")).toThrow(/the student has 2 heads, the teacher 3/);
  expect((await session.advance()).losses.attention).toBeGreaterThan(0);
  session.destroy();
  const same = await run({}, { base: "attention", "attention.heads": "per-head", heads: 3, width: 12 });
  const { attention } = (await same.advance()).losses;
  same.set("attention.heads", "aggregated");
  expect((await same.advance()).losses.attention).toBeLessThan(0.5 * attention);
  same.destroy();
});

test("held-out scores are top-1 and, of six classes or more, top-5; which images are right can be compared with another run", async () => {
  const session = await run();
  await session.advance();
  expect(session.task.lastRight).toBeUndefined();
  expect(Object.keys(await session.evaluate(5))).toEqual(["top1", "top5"]);
  expect(session.task.lastRight).toBeUndefined();
  const { top1, top5 } = await session.evaluate();
  const answers = await session.task.snapshot(Array.from({ length: 12 }, (_, i) => i));
  const ranks = Array.from({ length: 12 }, (_, i) => {
    const row = [...answers.logits.subarray(12 * i, 12 * i + 12)];
    return row.filter((logit) => logit > row[dataset.test.label(i)]).length;
  });
  expect([top1, top5]).toEqual([1, 5].map((k) => ranks.filter((rank) => rank < k).length / 12));
  expect([...session.task.lastRight!]).toEqual(ranks.map((rank) => Number(rank === 0)));
  const { student_top1, student_top5, right } = await session.task.outcome({ whole: true });
  expect([student_top1, student_top5]).toEqual([top1, top5]);
  expect(unpackBits(right as string, 12)).toEqual(session.task.lastRight);
  expect(await session.task.outcome()).not.toHaveProperty("right");
  session.destroy();
  const few = { ...dataset, classes: dataset.classes.slice(0, 5) };
  const five = await run({ dataset: few, teacher: undefined });
  expect(Object.keys(await five.evaluate(5))).toEqual(["top1"]);
  five.destroy();
});

test("drop path acts while the student learns, not where it is looked at, whoever is masked", async () => {
  for (const masked of ["teacher", "student"]) {
    const both = async (dropPath: number) => {
      const session = await run({}, { dropPath, masked, batch: 16 });
      const { logits } = await session.task.snapshot([0, 1]);
      const { ce } = (await session.advance()).losses;
      session.destroy();
      return { ce, logits };
    };
    const [kept, dropped] = [await both(0), await both(0.5)];
    expect(dropped.ce).not.toBe(kept.ce);
    expect(dropped.logits).toEqual(kept.logits);
  }
  const alone = await run({ teacher: undefined }, { dropPath: 0.5, batch: 16 });
  const { ce } = (await alone.advance()).losses;
  alone.destroy();
  const plain = await run({ teacher: undefined }, { batch: 16 });
  expect((await plain.advance()).losses.ce).not.toBe(ce);
  plain.destroy();
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
  expect(all?.studentMs).toBeGreaterThan(0);
  const { teacher_top1: full } = await session.task.masked();
  session.set("keep", 0.25);
  const part = await session.task.teacherTime();
  expect(part?.ms).toBeGreaterThan(0);
  expect(part?.bytes).toBeLessThan(0.5 * (all?.bytes ?? 0));
  expect([part?.fullBytes, all?.fullBytes]).toEqual([all?.bytes, all?.bytes]);
  session.set("masked", "student");
  session.set("criterion", "random");
  const unmasked = await session.task.teacherTime();
  expect(unmasked?.ms).toBe(unmasked?.fullMs);
  expect((await session.task.masked()).teacher_top1).toBe(full);
  session.destroy();
  const alone = await run({ teacher: undefined });
  expect(await alone.task.teacherTime()).toBeUndefined();
  expect(await alone.task.masked()).toEqual({});
  alone.destroy();
});
