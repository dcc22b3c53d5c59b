/** What a run learns from, as the page gives it to the host: images, teachers, students to begin as, saved answers; and what is handed out. */
import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { expect, test } from "vitest";
import { readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import { SCHEMA } from "../tasks";
import { IMAGES, SETTINGS, TestHost } from "./host.fixture";
import { memoryStore } from "./storage.fixture";
import type { TeacherFile } from "./teacherStore";

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
