/** Settings go with a visitor from method to method where they mean the same, and addresses of earlier versions still open. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SCHEMA } from "../../tasks";
import { openPage, readyPage, runningPage, started } from "./playground.fixture";
import { SAVED_RUNS } from "./savedRuns";
import { SEND_MS, underPreset } from "./settingActions";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const changed = (preset: string, more: Record<string, string | number>) => ({ ...SCHEMA.defaults(preset), ...more });

test("what was changed stays under another method of the task, what was not is at that method's default", () => {
  const wanted = underPreset(changed("fgd", { lr: 0.005, side: 96, stem: 16 }), "samkd");
  expect(wanted).toEqual(changed("samkd", { lr: 0.005, side: 96, stem: 16 }));
});

test("a method's own settings never reach another method, whatever they are called there", () => {
  const wanted = underPreset(changed("fgd", { "fgd.lambda": 8 }), "samkd");
  expect(wanted["samkd.lambda"]).toBe(SCHEMA.defaults("samkd")["samkd.lambda"]);
  expect(Object.keys(wanted).filter((key) => key.startsWith("fgd."))).toEqual([]);
});

test("images of another task have a size of their own, and values that it does not allow stay behind", () => {
  const wanted = underPreset(changed("maskedkd", { side: 48, batch: 16, augment: "heavy", keep: 0.3 }), "samkd");
  expect(wanted).toEqual(changed("samkd", { batch: 16 }));
  expect(underPreset(changed("maskedkd", { batch: 512 }), "samkd").batch).toBe(SCHEMA.defaults("samkd").batch);
});

test("choosing a method of another task turns data and teacher to it", () => {
  const { page, told, query } = readyPage("lr=0.005");
  page.settings.change("preset", "samkd");
  expect(told()).toEqual([
    { type: "want", settings: changed("samkd", { lr: 0.005 }) },
    { type: "generate", id: "scenes-detection-128-4000-200-1" },
  ]);
  expect(query()).toBe("preset=samkd&lr=0.005");
  page.settings.change("preset", "maskedkd");
  expect(told()).toEqual([{ type: "want", settings: changed("maskedkd", { lr: 0.005 }) }]);
});

test("a row of a table sets up method and settings, leaves what it does not speak of, and clears what another row set", () => {
  const { page, query } = readyPage("preset=samkd&samkd.regions=1&teacher=none&seed=5");
  page.settings.setUpRow("samkd-II-sfd");
  expect(query()).toBe("preset=samkd&seed=5&samkd.sld=off");
  page.settings.setUpRow("mkd-A1-fgd");
  expect(query()).toBe("preset=fgd&seed=5&detector=retinanet");
  page.settings.setUpRow("samkd-F4-best");
  expect(page.store.getState().given).toEqual(["samkd.alpha", "samkd.beta"]);
});

test("the worker hears of a detector of another kind, since another teacher is for it, and of nothing where the teacher stays", () => {
  const { page, told } = readyPage("preset=fitnet");
  page.settings.change("detector", "fcos");
  expect(told("want")).toEqual([{ type: "want", settings: changed("fitnet", { detector: "fcos" }) }]);
  page.settings.change("teacherDetector", "fcos");
  expect(told("want")).toEqual([]);
  page.settings.change("teacherDetector", "gfl");
  expect(told("want")).toHaveLength(1);
});

test("a change that the new method does not know cannot be taken back any more", () => {
  const { page } = runningPage("preset=samkd");
  page.settings.change("samkd.lambda", 0.3);
  page.settings.change("lr", 0.005);
  page.settings.change("preset", "mgd");
  expect(page.store.getState().undo.map(({ key }) => key)).toEqual(["lr"]);
  page.settings.undo();
  page.settings.undo();
  expect(page.store.getState().wanted).toEqual(SCHEMA.defaults("mgd"));
});

test("live settings of another task's panel are not sent to the run under way", () => {
  const { page, told } = runningPage("preset=samkd");
  page.settings.change("preset", "maskedkd");
  page.settings.change("augment", "heavy");
  vi.advanceTimersByTime(SEND_MS);
  expect(told("set")).toEqual([]);
});

test("a kept run's settings are put into the panel", () => {
  const { page } = readyPage("keep=0.3");
  page.settings.setUp(changed("mgd", { seed: 4, lr: 0.005 }));
  expect(page.store.getState().wanted).toEqual(changed("mgd", { seed: 4, lr: 0.005 }));
});

test("addresses of earlier versions still open", () => {
  const wanted = (query: string) => openPage(query).page.store.getState();
  expect(wanted("preset=samkd&lambda=0.4&alpha=2")).toMatchObject({
    wanted: changed("samkd", { "samkd.lambda": 0.4, "samkd.alpha": 2 }),
    urlProblems: [],
  });
  expect(wanted("keep=0.25&lambda=0.5").wanted).toEqual(changed("maskedkd", { keep: 0.25, "maskedkd.lambda": 0.5 }));
  expect(wanted("keep=7&nonsense=1").urlProblems).toHaveLength(2);
});

test("the softmax of earlier addresses keeps its meaning", () => {
  const { wanted, urlProblems } = openPage("keep=0.25&reading=eq2").page.store.getState();
  expect([wanted.keep, wanted.softmaxOver, urlProblems]).toEqual([0.25, "eq2", []]);
});

test("runs that earlier versions kept have their settings under today's names", async () => {
  const settings = { preset: "samkd", lambda: 0.4, keep: 0.5, lr: 0.002, ratio: 0.3 };
  const run = {
    id: 1,
    name: "Run 1",
    settings,
    changes: [{ step: 3, key: "lambda", from: 0.45, to: 0.5 }],
    evaluations: [{ step: 9, scores: { map: 0.1 }, count: 8 }],
    points: [],
    sums: {},
    step: 9,
    total: 9,
  };
  const { page } = openPage("", new Map([[SAVED_RUNS, { runs: [run], baseline: 1 }]]));
  await page.savedRuns.load();
  expect(page.store.getState().runs[0].changes).toEqual([{ step: 3, key: "samkd.lambda", from: 0.45, to: 0.5 }]);
  expect(page.store.getState().runs[0].settings).toEqual(changed("samkd", { "samkd.lambda": 0.4, lr: 0.002 }));
});

test("a restored run brings its settings, and the panel follows", () => {
  const { page, say, query } = readyPage("lr=0.005");
  say(started(changed("maskedkd", { keep: 0.2 }), { step: 5, restored: true }));
  expect([page.store.getState().wanted.lr, query()]).toEqual([SCHEMA.defaults().lr, "keep=0.2"]);
});

test("a recipe sets many settings at once; images of its size are made first", () => {
  const { page, told, query } = readyPage();
  page.settings.follow("deit-ti-224");
  expect(query()).toBe("width=192&depth=12&batch=64");
  expect(told()).toEqual([{ type: "generate", id: expect.stringMatching(/^scenes-224-/) }]);
});
