/** A run of segmentation: saved and continued with the same bits, shown by its monitor, written as a file and read back. */
import { expect, test } from "vitest";
import { testEngine } from "../ops/check";
import { runtime } from "../tasks/segmentation/runtime";
import { dataset, SETTINGS, teacher } from "../tasks/segmentation/task.fixture";
import type { SegmentationViews } from "../tasks/segmentation/views";
import type { ViewEvent } from "../tasks/task";
import { Session } from "./session";

const { classes } = dataset;
const settings = { ...SETTINGS, depth: 1, steps: 6, decoder: "linear" };
const sources = { dataset, teacher };

async function losses(session: Session, steps: number) {
  const found = [];
  for (let i = 0; i < steps; i++) found.push((await session.advance()).losses);
  return found;
}

test("a saved run continues with the same bits", async () => {
  const engine = await testEngine();
  const whole = Session.create({ engine, runtime, sources, settings });
  const expected = await losses(whole, 5);
  const half = Session.create({ engine, runtime, sources, settings });
  const first = await losses(half, 2);
  const continued = Session.restore({ engine, runtime, sources }, await half.save());
  expect([...first, ...(await losses(continued, 3))]).toEqual(expected);
  expect(await continued.task.weights()).toEqual(await whole.task.weights());
  for (const session of [whole, half, continued]) session.destroy();
});

test("the share of patches acts on the very next step, the base loss too", async () => {
  const session = Session.create({ engine: await testEngine(), runtime, sources, settings });
  expect((await session.advance()).kept).toHaveLength(3 * 12);
  session.set("keep", 0.25);
  expect((await session.advance()).kept).toHaveLength(3 * 4);
  session.set("segmenter.base", "logit");
  const { losses, kept } = await session.advance();
  expect([Object.keys(losses), kept]).toEqual([["ce", "kd"], undefined]);
  session.destroy();
});

test("the monitor shows images, true masks, answers, what is kept and IoU by class", async () => {
  const session = Session.create({ engine: await testEngine(), runtime, sources, settings });
  const shown: ViewEvent[] = [];
  const { task, extras } = session;
  const watched = {
    task,
    dataset,
    settings: session.settings,
    extras,
    step: () => session.step,
    show: (view: ViewEvent) => void shown.push(view),
  };
  const monitor = runtime.monitor(watched);
  const last = <N extends keyof SegmentationViews>(name: N) => shown.findLast((view) => view.name === name)?.value as SegmentationViews[N];
  monitor.gallery();
  await monitor.introduce();
  for (let i = 0; i < 3; i++) await monitor.count(await session.advance());
  await session.evaluate();
  await monitor.tested?.();
  expect([last("gallery").images.length, last("gallery").truths.length]).toEqual([6 * 3 * 1024, 6 * 1024]);
  expect(last("gallery").truths.subarray(1024, 2048)).toEqual(dataset.test.labels(1));
  const { step, student, teacher: answers, kept, score } = last("snapshot");
  expect([step, student.length, answers?.length, kept?.length, score?.length]).toEqual([3, 6144, 6144, 72, 96]);
  expect(last("frequency").stages.reduce((sum, { positions }) => sum + positions.kept, 0)).toBe(3 * 3 * 12);
  expect(last("classes").student).toHaveLength(classes.length);
  monitor.store();
  expect([...extras.keys()]).toContain("frequency.start.positions.high");
  session.destroy();
});

test("a student is written under the names of the original code and read back as a teacher of the same score", async () => {
  const engine = await testEngine();
  const session = Session.create({ engine, runtime, sources: { dataset }, settings });
  await session.advance();
  const { networks } = runtime;
  const { miou } = await session.evaluate();
  const network = await networks.read(await networks.write(session.task, dataset, miou), "mine.safetensors", {});
  expect(network).toMatchObject({ name: "mine.safetensors", classes, score: Number(miou.toFixed(4)) });
  expect(networks.describe(network)).toBe("Segmenter, width 16, 1 block, linear decoder");
  expect(await networks.measure(engine, network, dataset)).toBe(miou);
  await expect(networks.read(new Uint8Array(20), "none.safetensors", {})).rejects.toThrow(/none\.safetensors/);
  session.destroy();
});
