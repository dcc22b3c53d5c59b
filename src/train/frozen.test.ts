/**
 * A student whose features are frozen (Table 8): what learns, what its masks do, what it costs, what is computed once; and a student that begins
 * as another.
 */
import { describe, expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { configMacs, knownMacs, probingMacs } from "../metrics/cost";
import { initViT, type ViTConfig } from "../models/vit/config";
import type { Weights } from "../models/weights";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import type { Network } from "../tasks/vitNetwork";
import { train } from "./loop";
import { Session, type StepReport } from "./session";
import { STUDENT } from "./step.fixture";

const dataset = scenes({ side: 16, train: 8, test: 8, seed: 3 });
const { classes, moments } = dataset;
const config: ViTConfig = { ...STUDENT, image: 16, patch: 4, channels: 3, classes: classes.length };
const teacher: Network = { id: "t", name: "teacher", weights: initViT(config, 1), config, moments, classes };
/** A self-supervised network, as one may begin: no head, another normalisation. */
const start: Network = {
  ...teacher,
  id: "s",
  name: "features",
  config: { ...config, classes: 0 },
  weights: initViT({ ...config, classes: 0 }, 2),
};
const own = { batch: 8, steps: 6, augment: "none", keep: 0.5, decay: 0.1, lr: 1e-2, frozen: "on" };
const settings = { ...SCHEMA.defaults(), ...own, ...runtime.networks.sizesOf?.(start) };

const changed = (a: Weights, b: Weights) => [...a.keys()].filter((name) => String(a.get(name)!.data) !== String(b.get(name)!.data));

test("only the head learns, and an image's mask stays as it is", async () => {
  const session = await Session.create({ engine: await testEngine(), runtime, sources: { dataset, teacher, start }, settings });
  const before = await session.task.weights();
  expect([...before.get("blocks.1.mlp.fc1.weight")!.data]).toEqual([...start.weights.get("blocks.1.mlp.fc1.weight")!.data]);
  const first = await session.task.snapshot([0, 1, 2, 3]);
  const losses: number[] = [];
  for (let step = 0; step < 6; step++) losses.push((await session.advance()).losses.ce);
  expect(changed(before, await session.task.weights())).toEqual(["head.weight", "head.bias"]);
  expect(losses[5]).toBeLessThan(losses[0]);
  const last = await session.task.snapshot([0, 1, 2, 3]);
  expect(last.kept).toEqual(first.kept);
  expect(last.logits).not.toEqual(first.logits);
  const macs = configMacs(config);
  expect(session.task.cost()?.studentMacs).toBe(macs.total + macs.head);
  expect(probingMacs(config)).toBe(macs.total + macs.head);
  session.destroy();
});

describe("what is the same in every epoch", () => {
  /** Three steps see all images, the third some of them again. */
  const dataset = scenes({ side: 16, train: 20, test: 8, seed: 3 });
  const EPOCH = 3;
  const sources = { dataset, teacher, start };
  const STEPS = 8;

  const sessionOf = async (more: object = {}, watched = false, own: object = sources) =>
    Session.create({
      ...{ engine: await testEngine(), runtime, sources: own as typeof sources },
      settings: { ...settings, steps: STEPS, ...more },
      // Whoever watches sees the whole batch, so that everything is computed in every step.
      ...(watched && { watch: () => undefined }),
    });

  /** What steps have shown, but for their times. */
  async function steps(session: Session, count: number) {
    const seen: Pick<StepReport, "losses" | "rates" | "kept" | "known">[] = [];
    for (let i = 0; i < count; i++) {
      const { losses, rates, kept, known } = await session.advance();
      seen.push({ losses, rates, kept, known });
    }
    return seen;
  }

  const computed = (all: readonly { known?: true }[]) => all.map(({ known }) => !known);
  const shown = (all: Awaited<ReturnType<typeof steps>>) => all.map(({ known: _, ...rest }) => rest);
  const first = (count: number) => Array.from({ length: STEPS }, (_, step) => step < count);

  /** The same steps, with what is known and without: they have to come to the same bits. */
  async function both(more: object, own: object = sources) {
    const [once, always] = [await sessionOf(more, false, own), await sessionOf(more, true, own)];
    const [found, expected] = [await steps(once, STEPS), await steps(always, STEPS)];
    expect(shown(found)).toEqual(shown(expected));
    expect(computed(expected)).toEqual(first(STEPS));
    expect(await once.task.weights()).toEqual(await always.task.weights());
    for (const session of [once, always]) session.destroy();
    return computed(found);
  }

  test.for([
    {},
    { base: "hard", family: "deit-distilled" },
    { masked: "student", criterion: "teacher" },
    { keep: 1 },
    { precision: "mixed" },
  ])("is computed in the first, and later steps come to the same bits: %j", async (more, { skip }) => {
    if (more.precision === "mixed" && !(await testEngine()).facts.half) skip("this adapter has no f16");
    expect(await both(more)).toEqual(first(EPOCH));
  });

  test("is computed once without a teacher, and with one's saved answers", async () => {
    const logits = (count: number) => Float32Array.from({ length: count * classes.length }, (_, i) => Math.sin(i));
    const answers = { id: "a", name: "answers", data: dataset, classes, train: logits(20), test: logits(8) };
    expect(await both({ teacher: "none" }, { dataset, start })).toEqual(first(EPOCH));
    expect(await both({ keep: 1 }, { dataset, start, teacher: answers })).toEqual(first(EPOCH));
  });

  test.each([{ augment: "light" }, { criterion: "random" }, { criterion: "late-random" }, { dropPath: 0.1 }, { frozen: "off" }])(
    "differs, and is computed in every step: %j",
    async (more) => {
      const session = await sessionOf(more);
      expect(computed(await steps(session, STEPS))).toEqual(first(STEPS));
      expect(session.task.cost()?.once).toBeUndefined();
      session.destroy();
    },
  );

  test("is waited for where several steps are on their way", async () => {
    const [once, always] = [await sessionOf({ steps: 30 }), await sessionOf({ steps: 30 }, true)];
    const losses = async (session: Session) => {
      const found: number[] = [];
      await train(session, { stepped: (report) => void found.push(report.losses.ce) });
      return found;
    };
    const queued = [];
    for (let step = 0; step < 5; step++) queued.push((await once.queue()).landed);
    const reports = await Promise.all(queued);
    expect(computed(reports)).toEqual(first(EPOCH).slice(0, 5));
    expect([...reports.map((report) => report.losses.ce), ...(await losses(once))]).toEqual(await losses(always));
    for (const session of [once, always]) session.destroy();
  });

  test("is computed anew after a live change of the mask, by an epoch that began after it", async () => {
    const [once, always] = [await sessionOf({ steps: 20 }), await sessionOf({ steps: 20 }, true)];
    const changed = async (session: Session) => {
      const before = await steps(session, 4);
      session.set("keep", 0.25);
      return [...before, ...(await steps(session, 8))];
    };
    const found = await changed(once);
    expect(shown(found)).toEqual(shown(await changed(always)));
    // Images 32 to 79 by step: the second epoch's rest, and the whole third one.
    expect(computed(found)).toEqual([...first(EPOCH).slice(0, 4), true, true, true, true, false, false, false, false]);
    expect(found[11].kept).toHaveLength(8 * 4);
    for (const session of [once, always]) session.destroy();
  });

  test("takes no base loss that teaches what is frozen, not by a live change either", async () => {
    const session = await sessionOf();
    await steps(session, 4);
    for (const base of ["manifold", "attention"]) expect(() => session.set("base", base), base).toThrow("which are frozen");
    expect(computed(await steps(session, 1))).toEqual([false]);
    session.set("base", "hard");
    expect(computed(await steps(session, 3))).toEqual([true, true, true]);
    session.destroy();
    await expect(sessionOf({ base: "manifold" })).rejects.toThrow("which are frozen");
  });

  test("costs nothing from then on, also in a run that goes on from a file, where it is computed again", async () => {
    const whole = await sessionOf({});
    await steps(whole, 5);
    const { task } = whole;
    const { macs, fullMacs, once } = task.cost()!;
    expect([once, macs, fullMacs]).toEqual([true, configMacs(config, 8).total, configMacs(config).total]);
    const expectMean = async (session: Session, answered: number, of: number) => {
      const { teacher_macs, teacher_macs_full, student_macs } = await session.outcome();
      expect(teacher_macs_full).toBe(fullMacs);
      expect(teacher_macs).toBeCloseTo((macs * answered) / of, 3);
      expect(student_macs).toBeCloseTo((probingMacs(config) * answered + knownMacs(config) * (of - answered)) / of, 3);
    };
    await expectMean(whole, 3, 5);
    const resumed = Session.restore({ engine: await testEngine(), runtime, sources }, await whole.save());
    const [expected, found] = [await steps(whole, 3), await steps(resumed, 3)];
    expect(shown(found)).toEqual(shown(expected));
    expect(computed(expected)).toEqual([false, false, false]);
    expect(computed(found)).toEqual([true, true, true]);
    await expectMean(whole, 3, 8);
    await expectMean(resumed, 6, 8);
    for (const session of [whole, resumed]) session.destroy();
  });
});

test("a run that began as a file goes on only with it, and a file that knows the classes keeps its head", async () => {
  const engine = await testEngine();
  const session = await Session.create({
    engine,
    runtime,
    sources: { dataset, start: teacher },
    settings: { ...settings, teacher: "none" },
  });
  expect(changed(await session.task.weights(), teacher.weights)).toEqual([]);
  await session.advance();
  const saved = await session.save();
  expect(() => Session.restore({ engine, runtime, sources: { dataset } }, saved)).toThrow(/began as teacher/);
  const restored = Session.restore({ engine, runtime, sources: { dataset, start: teacher } }, saved);
  expect((await restored.advance()).losses).toEqual((await session.advance()).losses);
  for (const one of [session, restored]) one.destroy();
});
