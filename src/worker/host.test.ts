/** The training worker's host, driven as the page drives it, without a browser: runs, changes, saves. */
import { expect, test } from "vitest";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import type { Weights } from "../models/weights";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { readCheckpoint } from "../train/checkpoint";
import { IMAGES, SETTINGS, TestHost } from "./host.fixture";

test("a run starts, reports its steps and tests, and finishes", async () => {
  const page = await TestHost.ready();
  expect(page.last("loaded")).toMatchObject({ fresh: true, teacher: null, data: { id: IMAGES, train: 24, test: 12, generated: true } });
  page.send({ type: "start", settings: SETTINGS });
  await page.host.idle();
  expect(page.last("started")).toMatchObject({ step: 0, restored: false, settings: { width: 8 } });
  expect(page.losses()).toHaveLength(6);
  expect(page.last("memory").memory.activations).toBeGreaterThan(page.last("memory").memory.parameters);
  expect(page.all("evaluated").map(({ step, count }) => [step, count])).toEqual([
    [3, 12],
    [6, 12],
  ]);
  expect(page.phases().at(-1)).toBe("finished");
  const views = new Set(page.all("view").map(({ task, view }) => `${task} ${view.name}`));
  expect(views).toEqual(
    new Set(["classification gallery", "classification untrained", "classification snapshot", "classification frequency"]),
  );
});

test("a live change acts on the next step and is reported; an impossible one is refused, and the run goes on", async () => {
  const page = await TestHost.ready();
  page.send({ type: "start", settings: SETTINGS, paused: true });
  page.send({ type: "step" });
  page.send({ type: "set", key: "lr", value: 5e-3 });
  page.send({ type: "step" });
  await page.host.idle();
  expect(page.last("changed").change).toEqual({ step: 1, key: "lr", from: 1e-3, to: 5e-3 });
  page.send({ type: "set", key: "lr", value: 99 });
  page.send({ type: "set", key: "width", value: 16 });
  page.send({ type: "step" });
  await page.host.idle();
  expect(page.all("failed").map(({ message, fatal }) => [message, fatal])).toEqual([
    ['lr cannot be "99".', false],
    ["width cannot change during a run.", false],
  ]);
  expect(page.losses()).toHaveLength(3);
  expect(page.phases().at(-1)).toBe("paused");
});

test("a paused run goes on where it stood, with the losses of one that never paused", async () => {
  const [whole, halves] = [await TestHost.ready(), await TestHost.ready()];
  whole.send({ type: "start", settings: SETTINGS });
  await whole.host.idle();
  const second = halves.next("step", ({ report }) => report.step === 2);
  halves.send({ type: "start", settings: SETTINGS });
  await second;
  halves.send({ type: "pause" });
  await halves.host.idle();
  expect(halves.phases().at(-1)).toBe("paused");
  expect(halves.losses().length).toBeLessThan(6);
  halves.send({ type: "play" });
  await halves.host.idle();
  expect(halves.losses()).toEqual(whole.losses());
});

test("a saved run continues in another host with the same bits, once its data are there", async () => {
  const page = await TestHost.ready();
  page.send({ type: "start", settings: SETTINGS, paused: true });
  for (let i = 0; i < 3; i++) page.send({ type: "step" });
  page.send({ type: "save" });
  page.send({ type: "play" });
  await page.host.idle();

  const other = new TestHost();
  other.send({ type: "open", base: "http://localhost/", settings: SCHEMA.defaults("samkd") });
  other.send({ type: "restore", bytes: page.last("saved").bytes! });
  await other.host.idle();
  expect(other.last("missing")).toMatchObject({ what: "data", wanted: { id: IMAGES } });
  other.send({ type: "generate", id: IMAGES });
  other.send({ type: "play" });
  await other.host.idle();
  expect(other.last("started")).toMatchObject({ restored: true, step: 3 });
  expect(other.losses()).toEqual(page.losses().slice(3));
});

test("what is saved while it trains is of the step that is told, and all steps up to there have been told", async () => {
  const page = await TestHost.ready();
  page.send({ type: "start", settings: { ...SETTINGS, steps: 40, evaluate: 40 } });
  for (let step = 1; step < 40; step++) {
    await page.next("step", ({ report }) => report.step >= step);
    page.send({ type: "save" });
  }
  await page.host.idle();
  const told: number[] = [];
  for (const event of page.events) {
    if (event.type === "step") told.push(event.report.step);
    if (event.type !== "saved") continue;
    expect(readCheckpoint(event.bytes!).step).toBe(event.step);
    expect(told).toEqual(Array.from({ length: event.step }, (_, i) => i + 1));
  }
  expect(page.all("saved").length).toBeGreaterThan(10);
});

test("a run that was saved on another adapter goes on, with the losses of this one", async () => {
  const other = await TestHost.ready("maskedkd", () => testEngine({ without: ["subgroups"] }));
  const page = await TestHost.ready();
  for (const host of [other, page]) {
    host.send({ type: "start", settings: SETTINGS, paused: true });
    for (let i = 0; i < 3; i++) host.send({ type: "step" });
    host.send({ type: "save" });
    await host.host.idle();
  }
  page.send({ type: "restore", bytes: other.last("saved").bytes! });
  page.send({ type: "play" });
  other.send({ type: "play" });
  await Promise.all([page.host.idle(), other.host.idle()]);
  expect(page.last("started")).toMatchObject({ restored: true, step: 3 });
  const [here, there] = [page.losses().slice(-3), other.losses().slice(-3)];
  for (const [i, loss] of here.entries()) expect(loss).toBeCloseTo(there[i], 4);
});

test("a saved run of a model that no longer exists is refused by its name, and the run at hand goes on", async () => {
  const page = await TestHost.ready();
  page.send({ type: "start", settings: SETTINGS, paused: true });
  page.send({ type: "step" });
  page.send({ type: "save" });
  await page.host.idle();
  const file = page.last("saved").bytes!;
  const { run, ...rest } = readSafetensorsMetadata(file);
  const gone = { ...JSON.parse(run), settings: { ...JSON.parse(run).settings, family: "mixer" } };
  page.send({ type: "restore", bytes: writeSafetensors(readSafetensors(file) as Weights, { ...rest, run: JSON.stringify(gone) }) });
  page.send({ type: "step" });
  await page.host.idle();
  expect(page.last("failed")).toMatchObject({ message: expect.stringContaining('family cannot be "mixer"'), spoiled: false });
  expect(page.losses()).toHaveLength(2);
});

test("a damaged saved run is refused by name, and the run at hand goes on", async () => {
  const page = await TestHost.ready();
  page.send({ type: "start", settings: SETTINGS, paused: true });
  page.send({ type: "step" });
  page.send({ type: "restore", bytes: new Uint8Array(100) });
  page.send({ type: "step" });
  await page.host.idle();
  expect(page.last("failed").message).toMatch(/the saved run/);
  expect(page.losses()).toHaveLength(2);
});

test("a damaged saved run that is opened while one trains leaves it training", async () => {
  const page = await TestHost.ready();
  const second = page.next("step", ({ report }) => report.step === 2);
  page.send({ type: "start", settings: SETTINGS });
  await second;
  page.send({ type: "restore", bytes: new Uint8Array(100) });
  await page.host.idle();
  expect(page.last("failed")).toMatchObject({ fatal: false, spoiled: false });
  expect([page.losses().length, page.phases().at(-1)]).toEqual([6, "finished"]);
});

test("a second start while the first compiles leaves one run, that of the second", async () => {
  const page = await TestHost.ready();
  page.send({ type: "start", settings: SETTINGS });
  page.send({ type: "start", settings: { ...SETTINGS, seed: 2, steps: 4, evaluate: 2 } });
  await page.host.idle();
  const begun = page.events.findLastIndex((event) => event.type === "started");
  const steps = page.events.slice(begun).flatMap((event) => (event.type === "step" ? [event.report.step] : []));
  expect(page.last("started").settings.seed).toBe(2);
  expect(steps).toEqual([1, 2, 3, 4]);
  expect(page.phases().at(-1)).toBe("finished");
});

test("of fifty starts in haste one is carried out, and the GPU holds no more than after the first run", async () => {
  const engine = await testEngine();
  const page = await TestHost.ready("maskedkd", async () => engine);
  page.send({ type: "start", settings: SETTINGS });
  await page.host.idle();
  const held = engine.usedBytes;
  const begun = page.all("started").length;
  for (let seed = 2; seed <= 51; seed++) page.send({ type: "start", settings: { ...SETTINGS, seed } });
  await page.host.idle();
  expect(page.all("started")).toHaveLength(begun + 1);
  expect(page.last("started").settings.seed).toBe(51);
  for (let seed = 2; seed <= 11; seed++) {
    page.send({ type: "start", settings: { ...SETTINGS, seed } });
    await page.host.idle();
  }
  expect(engine.usedBytes).toBe(held);
});

test("a prepared run is the one that starts, and other settings make another", async () => {
  const page = await TestHost.ready();
  page.send({ type: "start", settings: SETTINGS, paused: true });
  page.send({ type: "start", settings: SETTINGS });
  await page.host.idle();
  expect(page.all("started")).toHaveLength(1);
  page.send({ type: "start", settings: { ...SETTINGS, seed: 9 } });
  await page.host.idle();
  expect(page.all("started")).toHaveLength(2);
});
