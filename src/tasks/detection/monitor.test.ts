/** What is counted and kept of the snapshots of watched images with objects. */
import { expect, test } from "vitest";
import type { Detection } from "../../geometry/boxes";
import type { ViewSpec } from "../../methods/method";
import type { Weights } from "../../models/weights";
import { testEngine } from "../../ops/check";
import type { ViewEvent } from "../task";
import { ErasureCount } from "./erasure";
import { condensed } from "./monitor";
import { runtime } from "./runtime";
import type { DetectionTask } from "./task";
import { dataset, network, settingsOf, taskOf } from "./task.fixture";
import type { BoxGallery, BoxSnapshot, Erasure, FeatureMaps, MapOf, Pulls } from "./views";

test("maps with channels go to the page as their mean |F|", () => {
  const which = { view: "reconstruction", at: { level: 0, regions: 1 } };
  expect(condensed({ ...which, shape: [1, 1, 2, 2], data: Float32Array.of(1, -3, 2, 2) })).toEqual({
    ...which,
    ...{ shape: [1, 1, 2], data: Float32Array.of(2, 2) },
  });
});

const VIEWS: Record<string, ViewSpec> = {
  "mask.input": { kind: "mask", label: "", axes: [], accumulate: "erased" },
  mask: { kind: "mask", label: "", axes: ["level"], accumulate: "erased" },
  regional: { kind: "mask", label: "", axes: ["level", "regions"], accumulate: "erased" },
  channels: { kind: "channelMask", label: "", axes: ["level", "regions"], accumulate: "erased" },
  error: { kind: "heat", label: "", axes: ["level"], accumulate: "mean" },
  student: { kind: "heat", label: "", axes: ["level"] },
};
const named = ({ maps }: Erasure, view: string, at: MapOf["at"]) =>
  maps.find((map) => map.view === view && String(Object.entries(map.at)) === String(Object.entries(at)));

test("masks count what is erased, errors add up; both over images and snapshots, and come back with a saved run", () => {
  const count = new ErasureCount(VIEWS);
  const map = (view: string, values: number[]): MapOf => ({ view, at: { level: 0 }, shape: [2, 1, 2], data: Float32Array.from(values) });
  const input: MapOf = { view: "mask.input", at: {}, shape: [2, 1, 1], data: Float32Array.of(0, 1) };
  count.add([map("mask", [0, 1, 0, 1]), map("error", [2, 4, 4, 8]), map("student", [9, 9, 9, 9]), input]);
  count.add([map("mask", [1, 1, 0, 1]), map("error", [0, 0, 2, 4])]);
  // Settings under which nothing is regenerated leave the error as it was.
  count.add([map("mask", [1, 1, 1, 1])]);
  const extras: Weights = new Map();
  count.store(extras);
  expect([...extras.keys()].filter((key) => key.includes("sum"))).toEqual(
    ["mask.0", "error.0", "mask.input"].map((name) => `erasure.sum.${name}`),
  );
  const again = new ErasureCount(VIEWS);
  again.recall(extras);
  for (const report of [count.report(), again.report()]) {
    expect(report.looks).toBe(3);
    expect(report.maps.map(({ view, at }) => [view, at])).toEqual([
      ["mask", { level: 0 }],
      ["error", { level: 0 }],
      ["mask.input", {}],
    ]);
    expect([...named(report, "mask", { level: 0 })!.data]).toEqual([0.5, 0]);
    expect([...named(report, "error", { level: 0 })!.data]).toEqual([2, 4]);
    expect([...named(report, "mask.input", {})!.data]).toEqual([0.5]);
  }
});

test("channels that an earlier version saved for all regions together are assigned to the regions there are", () => {
  const extras: Weights = new Map([
    ["erasure.sum.channels.1", { shape: [5, 2], data: Float32Array.from({ length: 10 }, (_, i) => i) }],
    ["erasure.looks.channels.1", { shape: [1], data: Float32Array.of(2) }],
    ["erasure.sum.channels.0", { shape: [5, 2], data: new Float32Array(10) }],
    ["erasure.looks.channels.0", { shape: [1], data: Float32Array.of(2) }],
  ]);
  for (const regions of [2, 1]) {
    extras.set(`erasure.sum.regional.1.${regions}`, { shape: [2, 2], data: new Float32Array(4) });
    extras.set(`erasure.looks.regional.1.${regions}`, { shape: [1], data: Float32Array.of(1) });
  }
  const count = new ErasureCount(VIEWS);
  count.recall(extras);
  const report = count.report();
  expect(named(report, "channels", { level: 1, regions: 1 })).toMatchObject({ shape: [1, 2], data: Float64Array.of(0, 0.5) });
  expect([...named(report, "channels", { level: 1, regions: 2 })!.data]).toEqual([1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]);
  // Which regions those of the finest level were is not known.
  expect(report.maps.filter(({ view }) => view === "channels")).toHaveLength(2);
});

test("a monitor shows the watched images, what is found on them, the maps, what was erased and how hard terms pull", async () => {
  const engine = await testEngine();
  const settings = settingsOf("mkd", { steps: 400 });
  const task = taskOf(engine, await network(), settings);
  const shown: ViewEvent[] = [];
  const extras: Weights = new Map();
  let step = 0;
  const watched = { task, dataset, settings, extras, step: () => step, show: (view: ViewEvent) => void shown.push(view) };
  const monitor = runtime.monitor(watched);
  monitor.gallery();
  await monitor.introduce();
  expect(shown.map(({ name, keep }) => [name, keep])).toEqual([
    ["gallery", undefined],
    ["snapshot", 200],
    ["maps", 40],
    ["erasure", undefined],
  ]);
  expect((shown[0].value as { images: Uint8Array }).images).toHaveLength(6 * 3 * 64 ** 2);
  expect((shown[1].value as BoxSnapshot).student).toHaveLength(6);
  // Of 2 x 2 patches 0.3 is one.
  expect((shown[2].value as FeatureMaps).hidden).toBe(0.25);
  for (const { shape } of (shown[2].value as FeatureMaps).maps) expect(shape.length).toBeLessThan(4);
  // Counted at every fourth of 400 steps alone.
  for (step = 1; step <= 8; step++) await monitor.count({ step });
  const { looks, maps } = shown.at(-1)!.value as Erasure;
  expect([looks, shown.filter(({ name }) => name === "snapshot").map((view) => view.step)]).toEqual([2, [0, 4, 8]]);
  expect(new Set(maps.map(({ view }) => view))).toEqual(new Set(["visible.input", "visible", "error"]));
  await monitor.tested?.();
  const { norms, own, positives } = shown.at(-1)!.value as Pulls;
  expect([own, positives.length]).toEqual([["cls", "box", "dfl"], 3]);
  expect(positives[0]).toBeGreaterThan(0);
  expect(Object.keys(norms).sort()).toEqual(["box", "cls", "dfl", "feature", "global"]);
  monitor.store();
  const continued = runtime.monitor(watched);
  await continued.snapshot();
  const again = (shown.at(-1)!.value as Erasure).maps;
  expect(again.map(({ data, ...which }) => which)).toEqual(maps.map(({ data, ...which }) => which));
  // Sums are kept in float32.
  for (const [i, { data }] of again.entries()) expect([...data]).toEqual([...maps[i].data].map((v) => expect.closeTo(v, 6)));
  task.destroy();
});

test.each([
  ["samkd", true],
  ["mkd", true],
  ["samkd", false],
])(
  "of a picture of a person's own student and teacher find what they find on it among held-out ones: %s, teacher %s",
  async (preset, taught) => {
    const engine = await testEngine();
    const settings = settingsOf(preset);
    const task = taskOf(engine, taught ? await network() : undefined, settings);
    const shown: ViewEvent[] = [];
    const monitor = runtime.monitor({ task, dataset, settings, extras: new Map(), step: () => 0, show: (view) => void shown.push(view) });
    const last = <T>(name: string) => shown.findLast((view) => view.name === name)!.value as T;
    await findsMore(task);
    await monitor.snapshot();
    expect(last<BoxSnapshot>("snapshot")).not.toHaveProperty("own");
    const before = last<FeatureMaps>("maps").maps;
    const picture = dataset.test.image(2);
    monitor.guest?.({ pixels: picture, width: 640, height: 640 });
    const { own, ...gallery } = last<BoxGallery>("gallery");
    expect([own!.pixels, gallery.truths.length]).toEqual([picture, 6]);
    await monitor.snapshot();
    const { student, teacher, own: found } = last<BoxSnapshot>("snapshot");
    expect(student[2].length).toBeGreaterThan(0);
    expect(found).toEqual({ number: own!.number, student: closeTo(student[2]), ...(teacher && { teacher: closeTo(teacher[2]) }) });
    expect(teacher !== undefined).toBe(taught);
    // Nothing that is counted or compared is of it.
    expect(last<FeatureMaps>("maps").maps).toEqual(before);
    task.destroy();
  },
);

/** Before the first step a student is sure of nothing: of what it finds it becomes surer, and of some more than of others. */
async function findsMore({ params }: DetectionTask): Promise<void> {
  const weights = await params.read();
  for (const [name, { data }] of weights)
    if (name.startsWith("student.bbox_head.")) for (const [i, v] of data.entries()) data[i] = v < -4 ? v + 3 : 8 * v;
  params.write(weights);
}

/** Kernels for another number of images may add in another order. */
const closeTo = (all: Detection[]) =>
  all.map(({ category, score, box }) => ({ category, score: expect.closeTo(score, 4), box: box.map((v) => expect.closeTo(v, 2)) }));

test("around a picture that is no square there is the mean colour; what is no picture of the data's side is not shown", async () => {
  const settings = settingsOf("samkd");
  const task = taskOf(await testEngine(), undefined, settings);
  const shown: ViewEvent[] = [];
  const monitor = runtime.monitor({ task, dataset, settings, extras: new Map(), step: () => 0, show: (view) => void shown.push(view) });
  monitor.guest?.(new Int16Array(3 * 64 ** 2));
  monitor.guest?.({ pixels: new Uint8Array(3 * 32 ** 2), width: 32, height: 32 });
  expect(shown).toEqual([]);
  const pixels = new Uint8Array(3 * 64 ** 2).fill(9);
  monitor.guest?.({ pixels, width: 400, height: 200 });
  const { own } = shown[0].value as BoxGallery;
  const row = (y: number) => [...own!.pixels.subarray(3 * 64 * y, 3 * 64 * (y + 1))];
  const mean = Math.round(255 * dataset.moments.mean[0]);
  expect([15, 16, 47, 48].map((y) => new Set(row(y)))).toEqual([mean, 9, 9, mean].map((v) => new Set([v])));
  expect(new Set(pixels)).toEqual(new Set([9]));
  task.destroy();
});
