/** What a visitor can do with a run: start, steer, pause, save and bring it back, also when something fails. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SCHEMA } from "../../tasks";
import { writeCheckpoint } from "../../train/checkpoint";
import { RUN } from "../../train/checkpoint.fixture";
import { loaded, openPage, phase, readyPage, runningPage, started, step } from "./playground.fixture";
import { SEND_MS } from "./settingActions";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const rest = () => vi.advanceTimersByTime(SEND_MS);

test("opening the page opens the GPU, requests the task's own data and prepares a run with them", () => {
  const { page, told, say } = openPage("seed=7");
  const [open, generate] = told();
  expect(open).toEqual({
    type: "open",
    base: "https://example.org/",
    settings: { ...SCHEMA.defaults("maskedkd"), seed: 7 },
    kernels: undefined,
  });
  expect(generate).toEqual({ type: "generate", id: "scenes-32-8000-1000-1" });
  say(loaded("maskedkd"));
  expect(told()).toEqual([{ type: "start", settings: { ...SCHEMA.defaults("maskedkd"), seed: 7 }, paused: true }]);
  say(started(page.store.getState().wanted), phase("ready"));
  expect(page.store.getState().phase).toBe("ready");
});

test("Start starts with the panel's settings; a second press meanwhile pauses instead of starting again", () => {
  const { page, told } = readyPage();
  page.run.playOrPause();
  expect(told()).toEqual([{ type: "start", settings: page.store.getState().wanted }]);
  expect(page.store.getState().phase).toBe("compiling");
  page.run.playOrPause();
  expect(told()).toEqual([{ type: "pause" }]);
});

test("pause and continue", () => {
  const { page, told, say } = runningPage();
  page.run.playOrPause();
  expect(told()).toEqual([{ type: "pause" }]);
  say(phase("paused"));
  told();
  page.run.playOrPause();
  expect(told()).toEqual([{ type: "play" }]);
});

test("Start without a teacher says where that can be mended, and starts nothing", () => {
  const { page, told, say } = openPage();
  say(loaded("maskedkd", {}, null), phase("ready"));
  told();
  page.run.playOrPause();
  expect(told()).toEqual([]);
  expect(page.sources.getState().refusals.teacher?.remedy).toContain("let the student learn alone");
  page.settings.change("teacher", "none");
  told();
  page.run.playOrPause();
  expect(told("start")).toHaveLength(1);
});

test("settings that cannot go together start nothing", () => {
  const { page, told } = readyPage("width=50");
  page.run.restart();
  expect(told()).toEqual([]);
  expect(page.store.getState().failure?.message).toBe("These settings do not go together.");
});

test("a drag of a slider is sent once, when it rests, and taken back as one", () => {
  const { page, told, query } = runningPage();
  for (const keep of [0.45, 0.4, 0.25]) page.settings.change("keep", keep);
  expect(told()).toEqual([]);
  rest();
  expect(told()).toEqual([{ type: "set", key: "keep", value: 0.25 }]);
  expect(query()).toBe("keep=0.25");
  page.settings.undo();
  rest();
  expect(page.store.getState().wanted.keep).toBe(0.5);
  expect(page.store.getState().undo).toEqual([]);
  expect(query()).toBe("");
});

test("changes at different times are taken back one by one", () => {
  const { page } = runningPage();
  page.settings.change("keep", 0.4);
  vi.advanceTimersByTime(5000);
  page.settings.change("keep", 0.25);
  page.settings.undo();
  expect(page.store.getState().wanted.keep).toBe(0.4);
});

test("what cannot be is said at the control and changes nothing", () => {
  const { page, told, query } = runningPage();
  page.settings.change("keep", "much");
  page.settings.change("criterion", "guide");
  rest();
  const { problems, wanted } = page.store.getState();
  expect(problems.keep).toContain('keep cannot be "much".');
  expect(problems.criterion).toContain("There is no guide yet.");
  expect([wanted.keep, wanted.criterion, query()]).toEqual([0.5, "student", ""]);
  expect(told()).toEqual([]);
  page.settings.change("keep", 0.5);
  expect(page.store.getState().problems.keep).toBeUndefined();
});

test("a setting of the next run is not sent to this one, and is marked as waiting", () => {
  const { page, told } = runningPage();
  page.settings.change("seed", 9);
  rest();
  expect(told("set")).toEqual([]);
  page.run.restart();
  expect(told("start")[0]).toMatchObject({ settings: { seed: 9 } });
});

test("what was changed while kernels were compiled reaches the run as soon as it has started", () => {
  const { page, told, say } = readyPage();
  page.run.playOrPause();
  const settings = { ...page.store.getState().wanted };
  page.settings.change("lr", 0.002);
  told();
  say(started(settings));
  expect(told("set")).toEqual([{ type: "set", key: "lr", value: 0.002 }]);
});

test("pictures are folded by task and name; those that the run keeps are found by their step", () => {
  const { page, say } = readyPage();
  const view = (task: string, name: string, value: unknown, at?: number) =>
    ({ type: "view", task, view: { name, value, ...(at !== undefined && { step: at, keep: 5 }) } }) as const;
  say(view("classification", "gallery", "images"), view("detection", "gallery", "scenes"), view("detection", "snapshot", "found", 4));
  for (const at of [1, 2, 3]) say(view("classification", "snapshot", `of ${at}`, at));
  const { views, history } = page.store.getState();
  expect(views).toMatchObject({
    classification: { gallery: "images", snapshot: "of 3" },
    detection: { gallery: "scenes", snapshot: "found" },
  });
  expect(history.moments("classification", "snapshot").map(({ step, value }) => [step, value])).toEqual([
    [1, "of 1"],
    [2, "of 2"],
    [3, "of 3"],
  ]);
  expect(history.moments("detection", "snapshot")).toEqual([]);
  // Another run shows its own pictures; the images themselves stay, and so does what belongs to another task.
  say(started(page.store.getState().wanted));
  expect(page.store.getState().views).toEqual({
    classification: { gallery: "images" },
    detection: { gallery: "scenes", snapshot: "found" },
  });
});

test("a view with numbers becomes a chart's", () => {
  const { page, say } = readyPage("preset=samkd");
  say(step(1), { type: "view", task: "detection", view: { name: "pulls", value: { step: 1, norms: { feature: 3, logit: 1 } } } });
  expect(page.store.getState().history.points.at(-1)?.pulls).toEqual({ feature: 0.75, logit: 0.25 });
});

test("a saved run goes to a file, and from a file it does not play by itself", async () => {
  const { page, say, downloads, told } = runningPage();
  await page.keeper.saveToFile();
  say({ type: "saved", bytes: writeCheckpoint(RUN), step: 3 });
  await vi.waitFor(() => expect(downloads).toMatchObject([{ name: "masked-distillation-step-3.safetensors" }]));
  told();
  const [{ bytes }] = downloads;
  await page.keeper.openFile(new File([bytes as BlobPart], "run.safetensors"));
  say(started(SCHEMA.defaults(), { step: 3, restored: true }));
  expect(told()).toEqual([{ type: "restore", bytes }]);
});

test("a saved run that waits for its data leads the panel once, and gets generated data by itself", () => {
  const { page, say, told } = readyPage();
  const settings = { ...SCHEMA.defaults(), keep: 0.3 };
  say({ type: "missing", what: "data", wanted: { id: "scenes-48-100-50-3", name: "Scenes" }, settings });
  expect(page.store.getState().wanted.keep).toBe(0.3);
  expect(told()).toEqual([{ type: "generate", id: "scenes-48-100-50-3" }]);
  page.settings.change("keep", 0.7);
  say({ type: "missing", what: "teacher", wanted: { id: "x", name: "X" }, settings });
  expect(page.store.getState().wanted.keep).toBe(0.7);
});

test("a worker that does not start is said, and the page can be opened again", () => {
  const { page, trainers, told } = openPage();
  trainers[0].break("");
  expect(page.store.getState()).toMatchObject({ phase: "failed", failure: { message: "The training worker did not start.", fatal: true } });
  page.connect();
  expect([trainers.length, trainers[0].terminated, page.store.getState().failure]).toEqual([2, true, undefined]);
  expect(told().map(({ type }) => type)).toEqual(["open", "generate"]);
});

test("a finished run is kept among the runs, and a run of the same settings takes its place", () => {
  const { page, say } = runningPage();
  const end = () => say({ type: "evaluated", step: 3, scores: { top1: 0.4 }, count: 1000 }, phase("finished"));
  end();
  end();
  expect(page.store.getState().runs.map(({ name }) => name)).toEqual(["Run 1"]);
  page.savedRuns.rename(1, "half");
  page.savedRuns.pin(1);
  expect(page.store.getState()).toMatchObject({ baseline: 1, runs: [{ name: "half" }] });
});

test("an address is set up with its images, and what it leaves to be measured is still measured", () => {
  const made = readyPage("keep=0.25");
  made.page.setUp("data=shapes%3A1200%2C2000&criterion=random");
  const { wanted, given } = made.page.store.getState();
  expect([wanted.keep, wanted.criterion, given]).toEqual([0.5, "random", []]);
  expect(made.told("generate")).toEqual([{ type: "generate", id: "scenes-shapes-32-1200-2000-1" }]);
  expect([made.query(), made.data()]).toEqual(["criterion=random", "shapes:1200,2000"]);
  made.page.setUp("preset=samkd&samkd.alpha=0.5");
  expect(made.page.store.getState().given).toEqual(["samkd.alpha"]);
  expect(made.data()).toBeUndefined();
});
