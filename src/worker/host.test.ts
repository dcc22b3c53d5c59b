/** The training worker's host, driven as the page drives it, without a browser. */
import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { describe, expect, test, vi } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { openEngine } from "../engine/device";
import { EngineError, OutOfMemory } from "../engine/errors";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import type { Weights } from "../models/weights";
import { testEngine } from "../ops/check";
import type { Settings } from "../settings/run";
import { SCHEMA } from "../tasks";
import { readCheckpoint } from "../train/checkpoint";
import { DEEP } from "../train/flight";
import type { Session } from "../train/session";
import { IMAGES, SETTINGS, TestHost } from "./host.fixture";
import type { Command, Event } from "./protocol";
import { memoryStore } from "./storage.fixture";
import type { TeacherFile } from "./teacherStore";

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

test("a teacher is trained beside the run, used, exported, and gone when dropped", async () => {
  const page = await TestHost.ready();
  page.send({ type: "trainTeacher", settings: { ...SETTINGS, steps: 3, evaluate: 3 } });
  await page.host.idle();
  expect(page.last("teacherTraining").report).toBeNull();
  expect(page.last("loaded").teacher).toMatchObject({ origin: "trained", kind: "ViT, width 8, 1 block, 2 heads" });
  expect([...page.store.values.keys()]).toEqual([`teacher-${IMAGES}`]);
  page.send({ type: "export", what: "teacher" });
  page.send({ type: "start", settings: { ...SETTINGS, teacher: "teacher", steps: 2 } });
  await page.host.idle();
  expect(page.last("step").report.losses.kd).toBeGreaterThan(0);
  expect(page.last("cost").cost).toMatchObject({ patches: 64, kept: 32 });
  const bytes = page.last("exported").bytes;
  page.send({ type: "dropTeacher" });
  await page.host.idle();
  expect(page.last("loaded").teacher).toBeNull();
  page.send({ type: "import", as: "teacher", bytes, name: "mine.safetensors", hints: {} });
  page.send({ type: "import", as: "teacher", bytes: bytes.slice(0, 50), name: "cut.safetensors", hints: {} });
  await page.host.idle();
  expect(page.last("loaded").teacher).toMatchObject({ origin: "imported", name: "mine.safetensors" });
  expect(page.last("refused")).toMatchObject({ at: "teacher", message: expect.stringContaining("cut.safetensors") });
});

test("a student begins as a file, with its sizes, until it is to begin fresh; a saved run asks for that file", async () => {
  const page = await TestHost.ready();
  expect(page.last("loaded").start).toBeNull();
  page.send({ type: "start", settings: { ...SETTINGS, width: 12 } });
  page.send({ type: "export", what: "student" });
  await page.host.idle();
  page.send({ type: "import", as: "student", bytes: page.last("exported").bytes, name: "mine.safetensors", hints: {} });
  page.send({ type: "start", settings: SETTINGS, paused: true });
  page.send({ type: "step" });
  page.send({ type: "save" });
  await page.host.idle();
  expect(page.last("loaded").start).toMatchObject({ name: "mine.safetensors", sizes: { width: 12, depth: 1, heads: 2 } });
  expect(page.last("started")).toMatchObject({ start: { name: "mine.safetensors" }, settings: { width: 12 } });
  // It has learned already.
  expect(page.losses().at(-1)).toBeLessThan(page.losses()[0]);
  const bytes = page.last("saved").bytes!;
  page.send({ type: "startFresh" });
  page.send({ type: "start", settings: SETTINGS, paused: true });
  page.send({ type: "restore", bytes });
  await page.host.idle();
  expect(page.last("started")).toMatchObject({ settings: { width: 8 } });
  expect(page.last("started").start).toBeUndefined();
  expect(page.last("missing")).toMatchObject({ what: "student", wanted: { name: "mine.safetensors" } });
  const others = await TestHost.ready("segmenter");
  others.send({ type: "import", as: "student", bytes, name: "mine.safetensors", hints: {} });
  await others.host.idle();
  expect(others.last("refused").message).toContain("begin with fresh weights");
});

test("a teacher of another tab teaches here, too; what is erased there is gone here", async () => {
  const page = await TestHost.ready();
  page.send({ type: "trainTeacher", settings: { ...SETTINGS, steps: 1, evaluate: 1 } });
  await page.host.idle();
  const other = memoryStore(page.store.values);
  const [slot] = page.store.values.keys();
  await other.alter<TeacherFile>(slot, (file) => ({ ...file!, name: "other.safetensors", origin: "imported" }));
  await page.host.idle();
  expect(page.last("loaded")).toMatchObject({ fresh: false, teacher: { name: "other.safetensors", origin: "imported" } });
  await other.erase();
  await page.host.idle();
  expect(page.last("loaded").teacher).toBeNull();
  // Without a teacher of one's own nothing is fetched, and so kept, by erasing.
  const fetched = [...page.fetched];
  await other.erase();
  await page.host.idle();
  expect(page.fetched).toEqual(fetched);
});

test("images that are not there are refused at the data card", async () => {
  const page = await TestHost.ready();
  page.send({ type: "generate", id: "scenes-of-mars" });
  await page.host.idle();
  expect(page.last("refused")).toMatchObject({ at: "data", message: expect.stringContaining("scenes-of-mars") });
});

test("images are kept on the device and removed again, with what is known of them", async () => {
  const page = await TestHost.ready();
  page.send({ type: "keepData", keep: true });
  await page.host.idle();
  expect(page.last("keptData").facts).toMatchObject({ id: IMAGES, task: "classification" });
  expect(page.store.values.size).toBe(2);
  page.send({ type: "keepData", keep: false });
  await page.host.idle();
  expect(page.store.values.size).toBe(0);
});

test("each generated set asks for its own teacher; people's own images for that of the usual set", async () => {
  const page = await TestHost.ready();
  page.send({ type: "generate", id: "scenes-shapes-32-24-12-1" });
  await page.host.idle();
  expect(page.fetched).toEqual(["http://localhost/teacher-scenes.safetensors", "http://localhost/teacher-shapes.safetensors"]);
  expect(page.last("loaded")).toMatchObject({ teacher: null, data: { name: "Scenes-Shapes" } });
  // Nothing is at any address here, and that is said.
  expect(page.last("refused")).toMatchObject({ at: "teacher", message: expect.stringContaining("cannot be fetched") });
});

test("the teacher is the one for the detector that is wanted, fetched when it is first chosen", async () => {
  const page = new TestHost();
  const alone = { ...SCHEMA.defaults("fitnet"), detector: "fcos", teacherDetector: "fcos", teacher: "none" as const };
  page.files.set("http://localhost/teacher-gfl.safetensors", new Uint8Array(readFileSync("public/teacher-gfl.safetensors")));
  page.send({ type: "open", base: "http://localhost/", settings: alone });
  page.send({ type: "generate", id: "scenes-detection-128-24-12-1" });
  await page.host.idle();
  expect(page.fetched).not.toContain("http://localhost/teacher-gfl.safetensors");
  const before = page.last("loaded").teacher;
  page.send({ type: "want", settings: { ...alone, teacherDetector: "gfl" } });
  page.send({ type: "want", settings: { ...alone, detector: "gfl", teacherDetector: "same" } });
  await page.host.idle();
  expect(page.fetched.filter((url) => url.endsWith("gfl.safetensors"))).toHaveLength(1);
  expect(before).toBeNull();
  expect(page.last("loaded")).toMatchObject({ fresh: false, teacher: { origin: "shipped", kind: expect.stringMatching(/^GFL/) } });
  expect(page.all("loaded")).toHaveLength(2);
});

test("a GPU that refuses before it is known to be lost is told as lost, not as a run that went wrong", async () => {
  const engine = await openEngine(await nodeGPU());
  const page = await TestHost.ready("maskedkd", async () => engine);
  page.send({ type: "start", settings: { ...SETTINGS, steps: 100_000, evaluate: 100_000 } });
  await page.next("step");
  engine.device.queue.submit = () => {
    setTimeout(() => engine.device.destroy(), 20);
    throw new Error("An operation was refused.");
  };
  await page.next("failed");
  expect(page.last("failed")).toMatchObject({ fatal: true, message: expect.stringContaining("The GPU device was lost") });
  expect(page.all("failed")).toHaveLength(1);
});

test("a GPU that is known to be lost only after what it refused has spoiled the run is told all the same", async () => {
  const engine = await openEngine(await nodeGPU());
  const page = await TestHost.ready("maskedkd", async () => engine);
  page.send({ type: "start", settings: { ...SETTINGS, steps: 100_000, evaluate: 100_000 } });
  await page.next("step");
  engine.device.queue.submit = () => {
    throw new EngineError("The GPU refused a command.", "Reload.");
  };
  await page.next("failed");
  expect(page.last("failed")).toMatchObject({ fatal: false, spoiled: true });
  engine.device.destroy();
  await engine.lost;
  await page.host.idle();
  expect(page.all("failed").map(({ fatal }) => fatal)).toEqual([false, true]);
});

test("a GPU that is lost while its kernels are measured is told as lost; opened again it is not measured, and the page is ready", async () => {
  const hardware = async () => {
    const engine = await openEngine(await nodeGPU());
    engine.facts = { ...engine.facts, software: false };
    return engine;
  };
  const page = new TestHost(async () => {
    const engine = await hardware();
    const pipeline = engine.pipeline.bind(engine);
    engine.pipeline = (shader) => {
      engine.device.destroy();
      return pipeline(shader);
    };
    return engine;
  });
  page.send({ type: "open", base: "http://localhost/", settings: SCHEMA.defaults() });
  await page.host.idle();
  expect(page.all("failed")).toHaveLength(1);
  expect(page.last("failed")).toMatchObject({ fatal: true, message: expect.stringContaining("The GPU device was lost") });
  const key = `mdp-kernels ${page.last("adapter").facts.name}`;
  const again = new TestHost(hardware);
  await again.store.keep(key, await page.store.recall(key));
  again.send({ type: "open", base: "http://localhost/", settings: SCHEMA.defaults() });
  again.send({ type: "generate", id: IMAGES });
  await again.host.idle();
  expect(again.all("failed")).toEqual([]);
  expect(again.last("loaded").data.id).toBe(IMAGES);
});

test("without a GPU the failure is fatal and says what to do", async () => {
  const page = new TestHost(() => Promise.reject(new EngineError("There is no GPU.", "Use another browser.")));
  page.send({ type: "open", base: "http://localhost/", settings: SCHEMA.defaults() });
  page.send({ type: "generate", id: IMAGES });
  await page.host.idle();
  expect(page.all("failed")).toHaveLength(1);
  expect(page.last("failed")).toMatchObject({ message: "There is no GPU.", remedy: "Use another browser.", fatal: true });
  expect(page.last("loaded").data.id).toBe(IMAGES);
  expect(page.phases().at(-1)).toBe("failed");
});

test("a task that makes its own teacher waits for none, saves it with the run, and hands it out", async () => {
  const page = await TestHost.ready("dino");
  expect(page.last("loaded")).toMatchObject({ teacher: null, data: { task: "dino", id: IMAGES } });
  const small = { width: 8, depth: 1, heads: 2, outputs: 16, hidden: 8, bottleneck: 4, crops: 1, localSide: 8 };
  const settings = { ...SCHEMA.defaults("dino"), ...small, batch: 3, steps: 2, evaluate: 2, side: 16 };
  page.send({ type: "start", settings });
  await page.host.idle();
  expect(page.phases().at(-1)).toBe("finished");
  expect(Object.keys(page.last("step").report.losses)).toEqual(["dino", "entropy"]);
  expect(Object.keys(page.last("evaluated").scores)).toEqual(["knn_top1", "linear_top1"]);
  expect(new Set(page.all("view").map(({ task, view }) => `${task} ${view.name}`))).toEqual(new Set(["dino gallery", "dino snapshot"]));
  page.send({ type: "save" });
  page.send({ type: "export", what: "student" });
  await page.host.idle();
  expect(page.last("exported").name).toBe("Teacher of Scenes, 2 steps");
  expect(page.last("failed")).toBeUndefined();
  page.send({ type: "restore", bytes: page.last("saved").bytes! });
  await page.host.idle();
  expect(page.last("started")).toMatchObject({ restored: true, step: 2, settings: { preset: "dino" } });
});

test("a run is handed over as a zip, beside its steps, and goes on as if nothing had been", async () => {
  const [plain, page] = [await TestHost.ready(), await TestHost.ready()];
  for (const one of [plain, page]) {
    one.send({ type: "start", settings: SETTINGS, paused: true });
    one.send({ type: "step" });
    if (one === page) for (const what of ["project", "onnx"] as const) one.send({ type: "export", what });
    one.send({ type: "step" });
    await one.host.idle();
  }
  expect(page.losses()).toEqual(plain.losses());
  const [{ ending, bytes }, onnx] = page.all("exported");
  expect([ending, onnx.ending, onnx.name]).toEqual(["zip", "onnx", "Student of Scenes, 1 steps"]);
  const files = unzipSync(bytes);
  expect(Object.keys(files)).toEqual(expect.arrayContaining(["verify.py", "train.py", "vit.py", "README.md", "student.safetensors"]));
  const run = JSON.parse(new TextDecoder().decode(files["run.json"]));
  expect(run.expected[0].losses.ce).toBe(page.losses()[0]);
});

test("saved answers are imported as a teacher, those to other images refused; a run that augments says why it cannot begin", async () => {
  const page = await TestHost.ready();
  page.send({ type: "export", what: "questions" });
  await page.host.idle();
  const files = unzipSync(page.last("exported").bytes);
  expect(Object.keys(files).sort()).toEqual(["README.md", "answers.py", "images.safetensors", "tensors.py"]);
  const { answers: format, ...words } = readSafetensorsMetadata(files["images.safetensors"]);
  const answers = (data: string) => {
    const rows = (count: number) => ({ shape: [count, 12], data: Float32Array.from({ length: 12 * count }, (_, i) => i % 7) });
    return writeSafetensors(new Map(Object.entries({ logits: rows(24), heldout: rows(12) })), { format, ...words, data });
  };
  const before = page.last("loaded");
  const named = { type: "import", as: "teacher", name: "mine.safetensors", hints: {} } as const;
  page.send({ ...named, bytes: answers("scenes-16-24-12-4") });
  await page.host.idle();
  expect(page.last("refused")).toMatchObject({
    at: "teacher",
    message: expect.stringMatching(/mine\.safetensors holds answers to other images/),
  });
  expect(page.last("loaded")).toEqual(before);
  page.send({ ...named, bytes: answers(words.data) });
  const run = { ...SETTINGS, teacher: "teacher", steps: 2 } as const;
  page.send({ type: "start", settings: run });
  await page.host.idle();
  expect(page.last("loaded").teacher).toMatchObject({
    origin: "imported",
    kind: "saved answers",
    notes: [expect.stringMatching(/augmentation/)],
  });
  expect(page.last("failed")).toMatchObject({
    message: expect.stringMatching(/augment cannot be light/),
    remedy: expect.stringMatching(/augment=none/),
  });
  page.send({ type: "start", settings: { ...run, augment: "none" } });
  await page.host.idle();
  expect(page.phases().at(-1)).toBe("finished");
  expect(Object.keys(page.last("step").report.losses)).toEqual(["ce", "kd"]);
});

describe("two runs that go step for step", () => {
  const LONG = { ...SETTINGS, steps: 12, evaluate: 4, side: 16 };
  const OTHER = { ...LONG, lr: 3e-3 };

  /** What was told of both, in order: "a1 b1 a2 b2" for their steps. */
  const order = (page: TestHost) =>
    page.events.flatMap((event) => {
      if (event.type === "step") return [`a${event.report.step}`];
      return event.type === "beside" && event.event.type === "step" ? [`b${event.event.report.step}`] : [];
    });

  /** Both told all steps in their order, neither ahead by more steps than may be on their way. */
  function expectInTurns(page: TestHost, from: number, to: number): void {
    const told = { a: from - 1, b: from - 1 };
    for (const [whose, ...number] of order(page)) {
      const run = whose as "a" | "b";
      expect(Number(number.join(""))).toBe(++told[run]);
      expect(Math.abs(told.a - told.b)).toBeLessThanOrEqual(DEEP);
    }
    expect(told).toEqual({ a: to, b: to });
  }

  const besides = <T extends Event["type"]>(page: TestHost, type: T) =>
    page.all("beside").flatMap(({ event }) => (event.type === type ? [event as Extract<Event, { type: T }>] : []));
  const lossesBeside = (page: TestHost) => besides(page, "step").map(({ report }) => report.losses.ce);

  /** The losses of a run that goes alone, after commands before its first step and after that. */
  async function alone(settings: Settings, before?: Command, ...later: Command[]): Promise<number[]> {
    const page = await TestHost.ready();
    if (before) page.send(before);
    await page.host.idle();
    page.send({ type: "start", settings, paused: true });
    for (const command of [...later, { type: "play" } as const]) page.send(command);
    await page.host.idle();
    return page.losses();
  }

  test("each has the losses, to the bit, that it has alone; both are tested and shown at the same steps", async () => {
    const school: Command = { type: "trainTeacher", settings: { ...SETTINGS, steps: 2, evaluate: 2 } };
    const [masked, whole] = [0.5, 1].map((keep): Settings => ({ ...LONG, teacher: "teacher", keep }));
    const page = await TestHost.ready();
    page.send(school);
    await page.host.idle();
    page.send({ type: "start", settings: masked, beside: { settings: whole } });
    await page.host.idle();
    expect(page.phases().at(-1)).toBe("finished");
    expectInTurns(page, 1, 12);
    const [first, second] = [await alone(masked, school), await alone(whole, school)];
    expect(first).not.toEqual(second);
    expect(page.losses()).toEqual(first);
    expect(lossesBeside(page)).toEqual(second);
    for (const tested of [page.all("evaluated"), besides(page, "evaluated")]) expect(tested.map(({ step }) => step)).toEqual([4, 8, 12]);
    const shown = (views: { view: { name: string; step?: number } }[]) =>
      new Set(views.flatMap(({ view }) => (view.name === "snapshot" ? [view.step] : [])));
    expect(shown(page.all("view")).size).toBeGreaterThan(4);
    expect(shown(besides(page, "view"))).toEqual(shown(page.all("view")));
    expect(besides(page, "started")).toMatchObject([{ step: 0, settings: { keep: 1 }, dataset: { id: IMAGES } }]);
    expect(besides(page, "step").at(-1)?.report.losses.kd).toBeGreaterThan(0);
  });

  test("a pause stops both at one step, a single step is one of both, and stopping tests both there", async () => {
    const page = await TestHost.ready();
    const third = page.next("step", ({ report }) => report.step === 3);
    page.send({ type: "start", settings: LONG, beside: { settings: OTHER } });
    await third;
    page.send({ type: "pause" });
    await page.host.idle();
    const paused = page.losses().length;
    expect(paused).toBeLessThan(12);
    expectInTurns(page, 1, paused);
    page.send({ type: "step" });
    page.send({ type: "stop" });
    await page.host.idle();
    expectInTurns(page, 1, paused + 1);
    for (const tested of [page.all("evaluated"), besides(page, "evaluated")]) expect(tested.at(-1)?.step).toBe(paused + 1);
    expect(page.phases().at(-1)).toBe("finished");
  });

  test("a live change acts on both at the same step, but for what they differ in", async () => {
    const page = await TestHost.ready();
    page.send({ type: "start", settings: LONG, paused: true, beside: { settings: OTHER } });
    page.send({ type: "step" });
    page.send({ type: "set", key: "decay", value: 0.2 });
    page.send({ type: "set", key: "lr", value: 5e-3 });
    page.send({ type: "play" });
    await page.host.idle();
    expect(page.all("changed").map(({ change }) => [change.step, change.key, change.to])).toEqual([
      [1, "decay", 0.2],
      [1, "lr", 5e-3],
    ]);
    expect(besides(page, "changed").map(({ change }) => [change.step, change.key, change.to])).toEqual([[1, "decay", 0.2]]);
    const steered = await alone(OTHER, undefined, { type: "step" }, { type: "set", key: "decay", value: 0.2 });
    expect(lossesBeside(page)).toEqual(steered);
  });

  test("a guide that is loaded meanwhile may choose the patches of both", async () => {
    const page = await TestHost.ready();
    page.send({ type: "trainTeacher", settings: { ...SETTINGS, steps: 2, evaluate: 2 } });
    await page.host.idle();
    page.send({ type: "export", what: "teacher" });
    const masked: Settings = { ...LONG, teacher: "teacher", keep: 0.5 };
    page.send({ type: "start", settings: masked, paused: true, beside: { settings: { ...masked, lr: 3e-3 } } });
    await page.host.idle();
    page.send({ type: "import", as: "guide", bytes: page.last("exported").bytes, name: "guide", hints: {} });
    page.send({ type: "set", key: "criterion", value: "guide" });
    await page.host.idle();
    for (const changed of [page.all("changed"), besides(page, "changed")])
      expect(changed.map(({ change }) => [change.key, change.to])).toEqual([["criterion", "guide"]]);
  });

  test("both are saved at one step and go on in another host with the same bits", async () => {
    const page = await TestHost.ready();
    page.send({ type: "start", settings: LONG, beside: { settings: OTHER } });
    await page.next("step", ({ report }) => report.step >= 5);
    page.send({ type: "save" });
    await page.host.idle();
    const { bytes, step, beside } = page.last("saved");
    expect(step).toBeGreaterThanOrEqual(5);
    expect([readCheckpoint(bytes!).step, readCheckpoint(beside!.bytes!).step, beside!.step]).toEqual([step, step, step]);
    const other = await TestHost.ready();
    other.send({ type: "restore", bytes: bytes!, beside: beside!.bytes });
    other.send({ type: "play" });
    await other.host.idle();
    expect(besides(other, "started")).toMatchObject([{ restored: true, step, settings: { lr: 3e-3 } }]);
    expectInTurns(other, step + 1, 12);
    expect(other.losses()).toEqual(page.losses().slice(step));
    expect(lossesBeside(other)).toEqual(lossesBeside(page).slice(step));
  });

  test("where the GPU has no memory for the second, that is said, and the first goes alone with its own bits", async () => {
    const engine = await testEngine();
    const page = await TestHost.ready("maskedkd", async () => engine);
    page.send({ type: "start", settings: LONG, paused: true });
    await page.host.idle();
    const { guarded } = engine;
    let asked = 0;
    // First the memory of the first run's steps, then that of the second run.
    engine.guarded = (make) => (++asked === 2 ? Promise.reject(new OutOfMemory()) : guarded.call(engine, make)) as never;
    page.send({ type: "start", settings: LONG, beside: { settings: OTHER } });
    await page.host.idle();
    expect(page.last("parted").message).toContain("not enough free memory");
    expect(page.all("failed")).toEqual([]);
    expect(order(page)).toEqual(Array.from({ length: 12 }, (_, i) => `a${i + 1}`));
    expect(page.losses()).toEqual(await alone(LONG));
    expect(page.phases().at(-1)).toBe("finished");
  });

  test("a second run for which the GPU had no memory gives back what it took", async () => {
    const engine = await openEngine(await nodeGPU());
    const page = await TestHost.ready("maskedkd", async () => engine);
    const { guarded } = engine;
    const used: number[] = [];
    engine.guarded = async (make) => {
      const made = await guarded.call(engine, make);
      if ("introduce" in (made as object)) throw new OutOfMemory();
      return made as never;
    };
    for (let round = 0; round < 3; round++) {
      page.send({ type: "start", settings: { ...LONG, seed: round }, paused: true });
      await page.host.idle();
      page.send({ type: "start", settings: { ...LONG, seed: round }, paused: true, beside: { settings: OTHER } });
      await page.host.idle();
      used.push(engine.usedBytes);
      // Buffers for which there was no memory are none that others could use.
      expect(engine.allocatedBytes).toBe(engine.usedBytes);
    }
    expect(page.all("parted")).toHaveLength(3);
    // The first begins on a GPU that is empty.
    expect(used[2]).toBe(used[1]);
    engine.destroy();
  });

  test("a second run that comes to no number leaves the first one as it is", async () => {
    const page = await TestHost.ready();
    page.send({ type: "start", settings: LONG, paused: true, beside: { settings: OTHER } });
    page.send({ type: "step" });
    await page.host.idle();
    const { partner } = (page.host as unknown as { run: { partner: { session: Session } } }).run;
    vi.spyOn(partner.session.task, "report").mockReturnValue({ losses: { ce: Number.NaN }, rates: {} });
    page.send({ type: "play" });
    await page.host.idle();
    expect(page.last("parted").message).toContain("no longer a number");
    expect(page.losses()).toEqual(await alone(LONG));
    page.send({ type: "save" });
    await page.host.idle();
    expect(page.last("saved").beside).toBeUndefined();
  });

  test("another start ends both, and the GPU holds no more than before", async () => {
    const engine = await testEngine();
    const page = await TestHost.ready("maskedkd", async () => engine);
    const rounds: number[] = [];
    for (let round = 0; round < 3; round++) {
      page.send({ type: "start", settings: LONG, beside: { settings: OTHER } });
      await page.host.idle();
      page.send({ type: "start", settings: LONG, paused: true });
      await page.host.idle();
      rounds.push(engine.usedBytes);
    }
    expect(new Set(rounds).size).toBe(1);
  });
});
