/** A detection run: what it learns, leaves alone and repeats. Tiny detectors on 64-pixel scenes. */
import { beforeAll, describe, expect, test } from "vitest";
import { detectionScenes } from "../../data/scenes.detection";
import type { Engine } from "../../engine/device";
import { smallDetector } from "../../models/detector/config";
import { initDetector } from "../../models/detector/init";
import { testEngine } from "../../ops/check";
import { defaults, type Settings } from "../../settings/experiment";
import { Session } from "../../train/session";
import { type DetectorNetwork, readDetector, writeDetector } from "./network";
import { detection } from "./task";

const dataset = detectionScenes({ side: 64, train: 12, test: 6, seed: 3 });
const TINY = { stem: 4, channels: 8, stacked: 0, batch: 2, steps: 6, seed: 5 };
const config = { ...smallDetector("gfl", "teacher", dataset.classes.length, 64), width: 4, channels: 12, stacked: 0 };

async function network(): Promise<DetectorNetwork> {
  return readDetector(writeDetector({ weights: initDetector(config, 9), config }, dataset), "teacher.safetensors");
}

async function losses(session: Session, steps: number): Promise<Record<string, number>[]> {
  const found: Record<string, number>[] = [];
  for (let i = 0; i < steps; i++) found.push((await session.advance()).losses);
  return found;
}

describe("a detection run", () => {
  let engine: Engine;
  let teacher: DetectorNetwork;
  const settings = (more: Partial<Settings> = {}): Settings => ({ ...defaults(more.preset ?? "samkd"), ...TINY, ...more }) as Settings;
  beforeAll(async () => {
    engine = await testEngine();
    teacher = await network();
  });

  test("saved, continues with the same bits, calibrated weights included", async () => {
    const subject = detection({ dataset, teacher });
    const whole = Session.create({ engine, subject, settings: settings() });
    const expected = await losses(whole, 4);
    const half = Session.create({ engine, subject, settings: settings() });
    const first = await losses(half, 2);
    const continued = Session.restore({ engine, subject }, await half.save());
    expect([...first, ...(await losses(continued, 2))]).toEqual(expected);
    expect(await continued.task.params.read()).toEqual(await whole.task.params.read());
    expect(continued.changes).toEqual(whole.changes);
    expect(whole.changes.map(({ step, key }) => [step, key])).toEqual([
      [0, "alpha"],
      [0, "beta"],
    ]);
    for (const session of [whole, half, continued]) session.destroy();
  });

  test("with its method weighing nothing is the detector's own (T23), and a weight that was given stays", async () => {
    const alone = Session.create({ engine, subject: detection({ dataset }), settings: settings() });
    const weightless = Session.create({ engine, subject: detection({ dataset, teacher }), settings: settings({ alpha: 0, beta: 0 }) });
    const [own, beside] = [await losses(alone, 3), await losses(weightless, 3)];
    expect(weightless.changes).toEqual([]);
    for (const [i, { cls, box, dfl }] of beside.entries()) expect({ cls, box, dfl }).toEqual(own[i]);
    expect(await weightless.task.weights()).toEqual(await alone.task.weights());
    for (const session of [alone, weightless]) session.destroy();
  });

  test("exports the student alone, in a file that reads back, and scores it as COCO does", async () => {
    const session = Session.create({ engine, subject: detection({ dataset, teacher }), settings: settings() });
    await losses(session, 1);
    const weights = await session.task.weights();
    const scores = await session.evaluate();
    const read = await readDetector(writeDetector({ weights, config: session.task.config, map: scores.map }, dataset), "student");
    expect(read.weights).toEqual(weights);
    expect(read.config).toEqual(session.task.config);
    expect(scores.map).toBeGreaterThanOrEqual(0);
    expect(scores.mar).toBeLessThanOrEqual(1);
    const views = await session.task.look([0, 1]);
    expect([views.student.length, views.teacher?.length, views.truths.length]).toEqual([2, 2, 2]);
    session.destroy();
  });

  test("says what errors cost student and teacher, while the student goes on learning, and can be ended (T38)", async () => {
    const { blocks, width: stem, channels } = config;
    const session = Session.create({
      ...{ engine, subject: detection({ dataset, teacher }) },
      settings: settings({ blocks: blocks[0], stem, channels }),
    });
    const shares: number[] = [];
    const alone = async <T>(work: () => Promise<T>) => {
      const result = await work();
      await losses(session, 1);
      return result;
    };
    // A student of the teacher's weights is asked anew, and must come to the same.
    const {
      student,
      teacher: taught,
      images,
      classes,
    } = await session.task.errors(teacher.weights, {
      ...{ alone, progress: (share) => shares.push(share) },
    });
    expect(student).toEqual(taught);
    expect(session.step).toBe(4);
    expect(shares).toEqual([0.5, 1]);
    expect([images, classes.length]).toEqual([6, student.perClass.length]);
    const { areas } = student.overall;
    expect([areas.length, areas.at(-1)]).toEqual([7, 1]);
    expect(areas).toEqual([...areas].sort((a, b) => a - b));
    expect(areas[5]).toBeGreaterThan(areas[0]);
    await expect(session.task.errors(teacher.weights, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
    session.destroy();
  });

  test("under MKD, saved, continues with the same bits, in one pass or two", async () => {
    const subject = detection({ dataset, teacher });
    const masked = (session: Session) => session.set("ratio", 0.5);
    for (const passes of ["one", "two"]) {
      const whole = Session.create({ engine, subject, settings: settings({ preset: "mkd", passes }) });
      const before = await losses(whole, 1);
      expect(Object.keys(before[0]).sort()).toEqual(["box", "cls", "dfl", "feature", "global"]);
      const continued = Session.restore({ engine, subject }, await whole.save());
      for (const session of [whole, continued]) masked(session);
      expect(await losses(continued, 2)).toEqual(await losses(whole, 2));
      expect(await continued.task.params.read()).toEqual(await whole.task.params.read());
      for (const session of [whole, continued]) session.destroy();
    }
  });

  test("under MKD the student answers for whole images, without a decoder (T31)", async () => {
    const alone = Session.create({ engine, subject: detection({ dataset }), settings: settings() });
    const masked = Session.create({ engine, subject: detection({ dataset, teacher }), settings: settings({ preset: "mkd", ratio: 0.75 }) });
    expect(await masked.task.weights()).toEqual(await alone.task.weights());
    const [own, views] = [await alone.task.look([0, 1]), await masked.task.look([0, 1])];
    expect(views.student).toEqual(own.student);
    expect([...views.maps["visible.input"].data].filter((v) => v === 0)).toHaveLength(6);
    expect(await masked.evaluate()).toEqual(await alone.evaluate());
    for (const session of [alone, masked]) session.destroy();
  });

  test("refuses a teacher of another kind by name", () => {
    const make = () => Session.create({ engine, subject: detection({ dataset, teacher }), settings: settings({ detector: "atss" }) });
    expect(make).toThrow(/teacher.safetensors is a gfl detector/);
  });
});
