/** A visitor's own images and networks: dropped, read, refused, given up; what is loaded stays until something else has come. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DataFacts } from "../../tasks/definition";
import { writeCheckpoint } from "../../train/checkpoint";
import { RUN } from "../../train/checkpoint.fixture";
import { KEPT_FACTS } from "../../worker/readerProtocol";
import { type FakePage, loaded, openPage, phase, readyPage, runningPage, TEACHER } from "./playground.fixture";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settle = () => vi.advanceTimersByTimeAsync(0);
const file = (name: string) => new File([Uint8Array.of(1)], name);

/** What a browser says of dropped files. */
function drop(...files: File[]): DataTransfer {
  return { items: files.map((one) => ({ kind: "file", getAsFile: () => one })) } as unknown as DataTransfer;
}

const take = ({ page }: FakePage, ...files: File[]) =>
  page.data.loadDropped(drop(...files), {
    network: (files) => page.teachers.import("teacher", files),
    log: (file) => page.savedRuns.openLog(file),
    run: (file) => page.keeper.openFile(file),
  });

const facts = (page: FakePage) => page.page.sources.getState();

test("dropped images are read beside the run, handed over, and loaded once the worker says so", async () => {
  const made = readyPage();
  void take(made, file("a/1.png"), file("b/2.png"));
  await settle();
  const [reader] = made.readers;
  expect(reader.told.map(({ type }) => type)).toEqual(["add", "read"]);
  expect(reader.told[1]).toEqual({ type: "read", task: "classification", origin: { kind: "files" }, side: 32 });
  reader.say({ type: "progress", share: 0.5 });
  expect(facts(made).reading).toEqual({ what: "Reading your images", share: 0.5 });
  const read = { task: "classification", packed: { train: { images: new Uint8Array(4) } }, notes: [] };
  reader.say({ type: "read", read });
  await settle();
  expect(made.told()).toEqual([{ type: "data", read }]);
  expect([reader.terminated, facts(made).reading, facts(made).loaded?.data.name]).toEqual([true, undefined, "Data"]);
  made.say(loaded("maskedkd", { name: "mine", generated: false, side: 48 }, null));
  expect(facts(made).loaded?.data.name).toBe("mine");
  expect(made.page.store.getState().wanted.side).toBe(48);
});

test("files that cannot be used are refused at the card that took them, and what is loaded stays", async () => {
  const made = readyPage();
  void take(made, file("notes.txt"));
  await settle();
  made.readers[0].say({ type: "refused", message: "No images.", remedy: "Choose others." });
  await settle();
  expect(facts(made).refusals.data).toMatchObject({ message: "No images.", remedy: "Choose others." });
  expect([made.told(), facts(made).loaded?.data.name]).toEqual([[], "Data"]);
});

test("a reader that runs out of memory is said in words", async () => {
  const made = readyPage();
  void take(made, file("1.png"));
  await settle();
  made.readers[0].break("");
  await settle();
  expect(facts(made).refusals.data?.message).toBe("Reading ended unexpectedly.");
});

test("reading can be given up, and what comes of it later is not taken", async () => {
  const made = readyPage();
  void take(made, file("1.png"));
  await settle();
  made.page.data.cancel();
  await settle();
  expect([made.readers[0].terminated, facts(made).reading]).toEqual([true, undefined]);
  expect(made.told()).toEqual([]);
});

test("of two wishes the later one counts", async () => {
  const made = readyPage();
  void take(made, file("1.png"));
  await settle();
  void take(made, file("2.png"));
  await settle();
  const [first, second] = made.readers;
  expect([first.terminated, second.terminated]).toEqual([true, false]);
  second.say({ type: "read", read: { task: "classification", packed: {}, notes: ["second"] } });
  await settle();
  expect(made.told("data")).toMatchObject([{ read: { notes: ["second"] } }]);
});

test("images are made again at another size, generated ones and a visitor's own alike", async () => {
  const made = readyPage();
  made.page.settings.change("side", 48);
  expect(made.told()).toEqual([{ type: "generate", id: "scenes-48-8000-1000-1" }]);
  void take(made, file("1.png"));
  await settle();
  made.readers[0].say({ type: "read", read: { task: "classification", packed: {}, notes: [] } });
  await settle();
  made.page.settings.change("side", 64);
  await settle();
  expect(made.readers[1].told.at(-1)).toMatchObject({ type: "read", side: 64 });
});

test("a folder or archive with weights and no picture is a teacher, with what its configuration says", async () => {
  vi.useRealTimers();
  const { zipSync } = await import("fflate");
  const text = new TextEncoder().encode(JSON.stringify({ num_attention_heads: 6, id2label: { "0": "cat" } }));
  const folder = { "net/config.json": text, "net/model.safetensors": Uint8Array.of(7) };
  const drops = [
    Object.entries(folder).map(([path, bytes]) => new File([bytes as BlobPart], path)),
    [new File([zipSync(folder) as BlobPart], "net.zip")],
  ];
  for (const files of drops) {
    const made = readyPage();
    await take(made, ...files);
    const hints = { heads: 6, classes: ["cat"], sizes: [] };
    expect(made.told("import")).toEqual([{ type: "import", as: "teacher", bytes: Uint8Array.of(7), name: "net", hints }]);
  }
  const made = readyPage();
  await take(made, new File([text as BlobPart], "net/config.json"), new File([Uint8Array.of(7)], "1.safetensors"), file("2.safetensors"));
  expect(made.told("import")).toEqual([]);
  expect(facts(made).refusals.teacher?.message).toMatch(/2 files of weights/);
});

test("a dropped saved run goes on, and a drop without a file is said", async () => {
  vi.useRealTimers();
  const made = readyPage();
  await take(made, new File([writeCheckpoint(RUN) as BlobPart], "run.safetensors"));
  expect(made.told("restore")).toHaveLength(1);
  expect(made.told("import")).toEqual([]);
  await take(made);
  expect(facts(made).refusals.data?.message).toBe("What was dropped holds no files.");
});

test("a dropped log or sweep is opened as runs, not read as images", async () => {
  const made = readyPage();
  await take(made, new File(["{}"], "sweep.jsonl"));
  expect(made.readers).toEqual([]);
  expect(made.page.store.getState().failure?.message).toContain("sweep.jsonl is not a log of a run");
});

test("a lone safetensors file is a teacher; where it is refused, the page says what files can be imported", async () => {
  const made = runningPage();
  void take(made, file("net.safetensors"));
  await settle();
  expect(made.told()).toEqual([{ type: "import", as: "teacher", bytes: Uint8Array.of(1), name: "net.safetensors", hints: {} }]);
  made.say({ type: "refused", at: "teacher", message: "It does not say how many heads.", remedy: "Give their number." });
  expect(facts(made).refusals.teacher).toMatchObject({ file: true });
  made.page.teachers.tell({ heads: 3 });
  expect(made.told("import")).toMatchObject([{ name: "net.safetensors", hints: { heads: 3 } }]);
  made.say({ type: "refused", at: "teacher", message: "For other images.", remedy: "Use others.", side: 48 });
  void made.page.teachers.resizeFor(48);
  await settle();
  expect(made.told().map(({ type }) => type)).toEqual(["generate", "import"]);
});

test("a teacher that is missing is refused, too, but that has nothing to do with files", () => {
  const made = openPage();
  made.say(loaded("maskedkd", {}, null), phase("ready"));
  made.page.run.playOrPause();
  expect(facts(made).refusals.teacher?.file).toBeUndefined();
});

test("a teacher is trained at the size that was chosen, of the student's kind and for its images", () => {
  const made = readyPage("preset=samkd&detector=fcos&batch=4&stem=40&lr=0.005");
  made.page.teachers.train("small", 500);
  const [{ settings }] = made.told("trainTeacher") as { settings: Record<string, unknown> }[];
  expect(settings).toMatchObject({ preset: "samkd", detector: "fcos", stem: 16, batch: 4, lr: 0.002, steps: 500, evaluate: 50 });
  expect(facts(made).teacherTraining).toEqual({ step: 0, steps: 500 });
  made.say({ type: "teacherTraining", report: null });
  expect(facts(made).teacherTraining).toBeUndefined();
});

test("data kept on this device are known by their task; earlier versions kept those of the first one", async () => {
  const kept = { id: "files-1", name: "mine", side: 32 } as DataFacts;
  const made = openPage("", new Map([[KEPT_FACTS, kept]]));
  await settle();
  expect(facts(made).keptData).toMatchObject({ task: "classification", name: "mine" });
  const settings = made.page.store.getState().wanted;
  made.say({ type: "missing", what: "data", wanted: kept, settings });
  await settle();
  expect(made.readers[0].told.at(-1)).toMatchObject({ type: "read", origin: { kind: "kept" } });
});

test("a saved run that is not waited for any more makes way", () => {
  const made = openPage();
  made.say({ type: "missing", what: "guide", wanted: { id: "g", name: "dino" }, settings: made.page.store.getState().wanted });
  made.told();
  made.page.data.abandon();
  expect(made.told()).toEqual([{ type: "abandon" }]);
  expect(facts(made).missing).toBeUndefined();
});

test("a run is stale once something else is loaded than it learns from", () => {
  const made = runningPage();
  made.say(loaded("maskedkd", { id: "other" }, TEACHER));
  expect([facts(made).run?.dataset.id, facts(made).loaded?.data.id]).toEqual(["data", "other"]);
  expect(made.told("start")).toEqual([]);
});

test("an address names generated images, and is right after every change of them", async () => {
  const made = openPage("", new Map(), "shapes:1200,2000");
  expect(made.told("generate")).toEqual([{ type: "generate", id: "scenes-shapes-32-1200-2000-1" }]);
  expect(made.data()).toBe("shapes:1200,2000");
  await made.page.data.loadGenerated();
  expect([made.told("generate"), made.data()]).toEqual([[{ type: "generate", id: "scenes-32-8000-1000-1" }], undefined]);
  await made.page.data.loadGenerated("shapes");
  expect(made.data()).toBe("shapes");
});

test("images there are not are said, and the usual ones are there", () => {
  const made = openPage("", new Map(), "cats");
  expect(made.page.store.getState().urlProblems).toEqual([
    'There are no images called "cats" here. There are scenes, shapes, fashion; drop your own on the page.',
  ]);
  expect(made.told("generate")).toEqual([{ type: "generate", id: "scenes-32-8000-1000-1" }]);
  expect(made.data()).toBeUndefined();
});

test("real images that come with the page are fetched, read and named in the address", async () => {
  const made = openPage("", new Map(), "fashion");
  await settle();
  const [reader] = made.readers;
  expect(reader.told.at(-1)).toEqual({ type: "read", task: "classification", origin: { kind: "files", name: "Fashion-MNIST" }, side: 32 });
  const read = { task: "classification", packed: {}, notes: [] };
  reader.say({ type: "read", read });
  await settle();
  expect([made.told("data"), made.data()]).toEqual([[{ type: "data", read }], "fashion"]);
});

test("without a network that is said, and there is still something to learn from", async () => {
  const made = openPage("", new Map(), "fashion", true);
  await settle();
  const problem = "Fashion-MNIST cannot be fetched. Are you offline? Try again later.";
  expect(made.page.store.getState().urlProblems).toEqual([problem]);
  expect(made.told("generate")).toEqual([{ type: "generate", id: "scenes-32-8000-1000-1" }]);
  await made.page.data.loadSample("fashion");
  expect(facts(made).refusals.data?.message).toBe("Fashion-MNIST cannot be fetched.");
});
