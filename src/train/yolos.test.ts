/** A run of detection by transformer: it learns, is saved and continued with the same bits, shown by its monitor, written as a file and read back. */
import { expect, test } from "vitest";
import { initSegmenter } from "../models/segmenter/config";
import { writeSegmenter } from "../models/segmenter/network";
import { testEngine } from "../ops/check";
import type { ViewEvent } from "../tasks/task";
import { runtime } from "../tasks/yolos/runtime";
import { CONFIG, dataset, SETTINGS, teacher } from "../tasks/yolos/task.fixture";
import type { YolosViews } from "../tasks/yolos/views";
import { Session } from "./session";

const { classes, moments } = dataset;
const settings = { ...SETTINGS, depth: 1, steps: 6 };
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

test("a few images can be learned: all three losses fall", async () => {
  const few = { ...dataset, train: { ...dataset.train, count: 3 } };
  const long = { ...settings, steps: 150, lr: 3e-3, augment: "none", width: 32, heads: 4 };
  const session = Session.create({ engine: await testEngine(), runtime, sources: { dataset: few }, settings: long });
  const [first, ...rest] = await losses(session, 150);
  const last = rest[rest.length - 1];
  for (const name of ["ce", "l1", "giou"]) expect(last[name]).toBeLessThan(0.6 * first[name]);
  session.destroy();
}, 60_000);

test("the share of patches acts on the very next step, whose attention it follows too", async () => {
  const session = Session.create({ engine: await testEngine(), runtime, sources, settings });
  expect((await session.advance()).kept).toHaveLength(3 * 8);
  session.set("keep", 0.25);
  expect((await session.advance()).kept).toHaveLength(3 * 4);
  session.set("queries", "cls");
  expect((await session.advance()).kept).toHaveLength(3 * 4);
  session.destroy();
});

test("the monitor shows images with boxes, answers and what is kept", async () => {
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
  const last = <N extends keyof YolosViews>(name: N) => shown.findLast((view) => view.name === name)?.value as YolosViews[N];
  monitor.gallery();
  await monitor.introduce();
  for (let i = 0; i < 3; i++) await monitor.count(await session.advance());
  expect([last("gallery").images.length, last("gallery").grid]).toEqual([6 * 3 * 1024, [4, 4]]);
  expect(last("gallery").truths[1]).toEqual(dataset.test.truths(1));
  const { step, student, teacher: answers, kept, score } = last("snapshot");
  expect([step, student.length, answers?.length, kept?.length, score?.length]).toEqual([3, 6, 6, 48, 96]);
  expect(last("frequency").stages.reduce((sum, { positions }) => sum + positions.kept, 0)).toBe(3 * 3 * 8);
  monitor.store();
  expect([...extras.keys()]).toContain("frequency.start.positions.high");
  session.destroy();
});

test("a student is written under the names of the original code and read back as a teacher of the same score", async () => {
  const engine = await testEngine();
  const session = Session.create({ engine, runtime, sources: { dataset }, settings });
  await session.advance();
  const { networks } = runtime;
  const { map } = await session.evaluate();
  const network = await networks.read(await networks.write(session.task, dataset, map), "mine.safetensors", {});
  expect(network).toMatchObject({ name: "mine.safetensors", classes, score: Number(map.toFixed(4)) });
  expect(networks.describe(network)).toBe("YOLOS, width 16, 1 block, 5 detection tokens");
  expect(await networks.measure(engine, network, dataset)).toBe(map);
  const again = Session.create({ engine, runtime, sources: { dataset, start: network }, settings });
  expect(await again.task.weights()).toEqual(network.weights);
  await expect(networks.read(new Uint8Array(20), "none.safetensors", {})).rejects.toThrow(/none\.safetensors/);
  for (const one of [session, again]) one.destroy();
});

test("a student may begin as a Segmenter, whose encoder it takes; as a teacher that is refused", async () => {
  const { encoder } = CONFIG;
  const config = { encoder, classes: 3, decoder: { kind: "linear" } as const };
  const weights = initSegmenter(config, 8);
  const file = writeSegmenter({ name: "s", weights, config, classes: ["a", "b", "c"], moments }, "Masks");
  const start = await runtime.networks.read(file, "s.safetensors", {});
  expect(runtime.networks.sizesOf?.(start)).toEqual({ patch: 8, width: 24, depth: 2, heads: 2, detTokens: 16 });
  const session = Session.create({
    ...{ engine: await testEngine(), runtime, sources: { dataset, start } },
    settings: { ...settings, width: 24, depth: 2, detTokens: 16 },
  });
  const begun = await session.task.weights();
  expect(begun.get("backbone.blocks.1.mlp.fc1.weight")?.data).toEqual(weights.get("encoder.blocks.1.mlp.fc1.weight")?.data);
  const [positions, placed] = ["backbone.pos_embed", "backbone.det_pos"].map((name) => begun.get(name)!.data);
  expect(placed.slice(0, 24)).toEqual(positions.slice(24, 48));
  expect(placed.slice(15 * 24)).toEqual(positions.slice(16 * 24));
  expect(begun.get("class_embed.layers.2.weight")?.shape).toEqual([10, 24]);
  expect(() => runtime.networks.assertFits(start, dataset)).toThrow(/s\.safetensors knows the classes a, b, c/);
  session.destroy();
});
