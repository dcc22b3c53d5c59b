/** A detection run: what it learns, leaves alone and repeats. Tiny detectors on 64-pixel scenes. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../engine/device";
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
    const half = create();
    const first = await losses(half, 2);
    const continued = restore(await half.save());
    expect([...first, ...(await losses(continued, 2))]).toEqual(expected);
    expect(await continued.task.params.read()).toEqual(await whole.task.params.read());
    expect(continued.changes).toEqual(whole.changes);
    expect(whole.changes.map(({ step, key }) => [step, key])).toEqual([
      [0, "samkd.alpha"],
      [0, "samkd.beta"],
    ]);
    for (const session of [whole, half, continued]) session.destroy();
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
