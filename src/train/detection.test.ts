/** A detection run: what it learns, leaves alone and repeats. Tiny detectors on 64-pixel scenes. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { detectionScenes } from "../data/scenes.detection";
import { type Engine, openEngine } from "../engine/device";
import { testEngine } from "../ops/check";
import type { DetectorNetwork } from "../tasks/detection/network";
import { runtime } from "../tasks/detection/runtime";
import { dataset, network, settingsOf } from "../tasks/detection/task.fixture";
import { Session } from "./session";

async function losses(session: Session, steps: number): Promise<Record<string, number>[]> {
  const found: Record<string, number>[] = [];
  for (let i = 0; i < steps; i++) found.push((await session.advance()).losses);
  return found;
}

describe("a detection run", () => {
  let engine: Engine;
  let teacher: DetectorNetwork;
  const create = (settings = settingsOf(), sources: { teacher?: DetectorNetwork } = { teacher }) =>
    Session.create({ engine, runtime, sources: { dataset, ...sources }, settings });
  const restore = (bytes: Uint8Array) => Session.restore({ engine, runtime, sources: { dataset, teacher } }, bytes);
  beforeAll(async () => {
    engine = await testEngine();
    teacher = await network();
  });

  test("saved, continues with the same bits, calibrated weights included", async () => {
    const whole = create();
    const expected = await losses(whole, 4);
    // Before the step at which weights are measured again, and after it.
    const half = create();
    const first = await losses(half, 1);
    const early = restore(await half.save());
    expect([...first, ...(await losses(early, 3))]).toEqual(expected);
    const second = await losses(half, 1);
    const continued = restore(await half.save());
    expect([...first, ...second, ...(await losses(continued, 2))]).toEqual(expected);
    expect(early.changes).toEqual(whole.changes);
    expect(await continued.task.params.read()).toEqual(await whole.task.params.read());
    expect(continued.changes).toEqual(whole.changes);
    // One of six steps is the first after five percent.
    const keys = ["samkd.alpha", "samkd.beta"];
    expect(whole.changes.map(({ step, key }) => [step, key])).toEqual([0, 1].flatMap((step) => keys.map((key) => [step, key])));
    for (const session of [whole, half, early, continued]) session.destroy();
  });

  test("never replaces a weight that a person has set, at its default too, before the run or during it, saved or not", async () => {
    const settings = settingsOf();
    const session = Session.create({ engine, runtime, sources: { dataset, teacher }, settings, given: ["samkd.alpha"] });
    await losses(session, 1);
    expect(session.changes.map(({ key }) => key)).toEqual(["samkd.beta"]);
    session.set("samkd.beta", 0.5);
    const continued = restore(await session.save());
    for (const one of [session, continued]) {
      await losses(one, 2);
      expect([one.settings["samkd.alpha"], one.settings["samkd.beta"]]).toEqual([settings["samkd.alpha"], 0.5]);
      expect(one.changes).toHaveLength(2);
      one.destroy();
    }
  });

  test("of images of 640 pixels is planned and goes; a batch that the GPU does not allow is refused with one that it does", async () => {
    const engine = await openEngine(await nodeGPU());
    const sources = { dataset: detectionScenes({ side: 640, train: 2, test: 1, seed: 3 }) };
    const session = Session.create({ engine, runtime, sources, settings: settingsOf("samkd", { side: 640 }) });
    const { largest, fits } = session.plan();
    // The stem's answer, [2, 320, 320, 4] in f32, and more.
    expect([fits, largest >= 4 * 2 * 320 * 320 * 4]).toEqual([2, true]);
    const limit = vi.spyOn(engine, "largestBuffer", "get").mockReturnValue(largest - 1);
    await expect(session.advance()).rejects.toThrow(/^One buffer needs .* Use a batch of at most 1\.$/);
    limit.mockRestore();
    const { losses } = await session.advance();
    expect(Object.values(losses).every(Number.isFinite)).toBe(true);
    engine.destroy();
  });

  test("saved by an earlier version, which measured once, keeps its weights", async () => {
    const session = create();
    await losses(session, 1);
    const text = new TextDecoder("latin1").decode(await session.save());
    const old = restore(Uint8Array.from(text.replace('\\"given\\":[]', '\\"taken\\":[]'), (c) => c.charCodeAt(0)));
    await losses(old, 1);
    expect(old.changes).toEqual(session.changes);
    for (const one of [session, old]) one.destroy();
  });

  test("with its method switched off is the detector's own", async () => {
    const alone = create(settingsOf(), {});
    const idle = create(settingsOf("samkd", { "samkd.sfd": "off", "samkd.sld": "off" }));
    expect(await losses(idle, 3)).toEqual(await losses(alone, 3));
    expect(idle.changes).toEqual([]);
    expect(await idle.task.weights()).toEqual(await alone.task.weights());
    for (const session of [alone, idle]) session.destroy();
  });

  test("goes on learning while errors are measured", async () => {
    const session = create();
    const alone = async <T>(work: () => Promise<T>) => {
      const result = await work();
      await losses(session, 1);
      return result;
    };
    await session.task.errors?.(await session.task.weights(), { alone });
    expect(session.step).toBe(4);
    session.destroy();
  });

  test.each(["mgd", "mkd"])(
    "under %s, whose masks are drawn anew in every step, weights measured after saving are the same",
    async (preset) => {
      const whole = create(settingsOf(preset));
      await losses(whole, 1);
      const continued = restore(await whole.save());
      expect(await losses(continued, 1)).toEqual(await losses(whole, 1));
      expect(continued.changes).toEqual(whole.changes);
      expect(new Set(whole.changes.map(({ step }) => step))).toEqual(new Set([0, 1]));
      for (const session of [whole, continued]) session.destroy();
    },
  );

  test("under MKD, saved, continues with the same bits, in one pass or two", async () => {
    for (const passes of ["one", "two"]) {
      const whole = create(settingsOf("mkd", { "mkd.passes": passes }));
      const before = await losses(whole, 1);
      expect(Object.keys(before[0]).sort()).toEqual(["box", "cls", "dfl", "feature", "global"]);
      const continued = restore(await whole.save());
      for (const session of [whole, continued]) session.set("mkd.ratio", 0.5);
      expect(await losses(continued, 2)).toEqual(await losses(whole, 2));
      expect(await continued.task.params.read()).toEqual(await whole.task.params.read());
      for (const session of [whole, continued]) session.destroy();
    }
  });
});
