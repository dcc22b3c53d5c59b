/** What the page says in each state a run can be in: the title of its pictures, the caption of the stage, the card of the cost, the verdict. */
import { describe, expect, test } from "vitest";
import type { Settings } from "../../settings/run";
import { SCHEMA } from "../../tasks";
import type { Gallery, Snapshot } from "../../tasks/classification/views";
import { sentencesOf, stageOf } from "../tasks/classification/stageFacts";
import { costless, maskHint, seenTitle } from "../tasks/masks/words";
import type { Run } from "./runs";
import type { State } from "./store";
import { offerOf, soFar, verdict } from "./summary";

const CLASSES = ["disc", "ring", "star", "bolt", "moon"];
const gallery: Gallery = {
  ...{ side: 8, channels: 3, grid: [2, 2], images: new Uint8Array(3 * 64), labels: [1], classes: CLASSES },
};
const SEEN: Snapshot = {
  ...{ step: 9, student: [1], teacher: [0], heads: 1, grid: [2, 2] as [number, number] },
  ...{ attention: Float32Array.of(0.1, 0.2, 0.3, 0.4), score: Float32Array.of(0.1, 0.2, 0.3, 0.4), kept: Uint32Array.of(2, 3) },
};
const ALONE: Snapshot = { ...SEEN, teacher: undefined, score: undefined, kept: undefined };

interface Given {
  settings?: Partial<Settings>;
  score?: number;
  teacher?: string | null;
  /** Share of its batches that the masked teacher named right. */
  taught?: number;
  snapshot?: Snapshot;
  runs?: Run[];
  changes?: State["changes"];
  gallery?: Gallery;
  preset?: string;
}

function stateOf(given: Given): State {
  const { settings = {}, score = 0.6, teacher = "Teacher", taught = 0.8, runs = [], changes = [], preset = "maskedkd" } = given;
  const active = { ...SCHEMA.defaults(preset), ...settings } as Settings;
  const scores: Record<string, number> = preset === "maskedkd" ? { top1: score } : { map: score, ap50: 2 * score };
  const history = {
    moments: () => [],
    ...{ total: 100, sums: teacher === null ? {} : { macs: 49, fullMacs: 100 } },
    points: [{ step: 100, smooth: teacher === null ? {} : { teacher: taught }, losses: {}, rates: {}, figures: {}, scores: {} }],
    evaluations: [{ step: 100, scores, count: 1000 }],
  };
  const views = { classification: { gallery: given.gallery ?? gallery } };
  return { active, wanted: active, history, teacher, changes, step: 100, runs, views, ...(teacher && { cost: {} }) } as unknown as State;
}

const runOf = (id: number, settings: Partial<Settings>, top1: number): Run => ({
  ...{ id, name: `Run ${id}`, colour: 0, shown: true, settings: { ...SCHEMA.defaults(), ...settings } as Settings, changes: [] },
  ...{ teacher: "Teacher", step: 100, total: 100, points: [], sums: { macs: 49, fullMacs: 100 } },
  evaluations: [{ step: 100, scores: { top1 }, count: 1000 }],
});

const HALF = { keep: 0.5 };
const seeds = (count: number, fall: number) =>
  Array.from({ length: count }, (_, i) => i + 1).flatMap((seed) => [
    runOf(2 * seed, { keep: 1, seed }, 0.6 + seed / 1000),
    runOf(2 * seed + 1, { ...HALF, seed }, 0.6 + seed / 1000 - fall),
  ]);

interface Row {
  state: string;
  given: Given;
  title: string;
  caption: RegExp;
  card: RegExp | undefined;
  verdict: RegExp[];
  not: RegExp;
  offer?: string;
}

/** Advice, and what only a comparison can say. */
const ADVICE = /Try to keep/;
const JUDGED = /Try to keep|cost \d|gained \d|Over \d seeds/;

const TABLE: Row[] = [
  {
    state: "no teacher",
    given: { teacher: null, snapshot: ALONE },
    title: "What the student looks at",
    caption: /There is no teacher, so no patch has to be chosen\. Nobody answers but the student\./,
    card: /no teacher, so there is nothing that a mask could save/,
    verdict: [/classifies 60 % of 1,000 held-out images correctly/],
    not: /mask|teacher|patches/i,
  },
  {
    state: "teacher below guessing",
    given: { settings: HALF, taught: 0.15 },
    title: "What the teacher sees",
    caption: /The teacher computes these 2 patches alone and says disc/,
    card: undefined,
    verdict: [/The teacher, as it was masked, was right in 15 % of the last batches, no more often than guessing/],
    not: ADVICE,
    offer: "Run the same with every patch",
  },
  {
    state: "student at chance",
    given: { settings: HALF, score: 0.21, runs: [runOf(1, { keep: 1 }, 0.6)] },
    title: "What the teacher sees",
    caption: /2 patches ranked highest/,
    card: undefined,
    verdict: [/classifies 21 % .* guessing would give 20 %/, /has not learned yet/, /saved 51 %/],
    not: JUDGED,
  },
  {
    state: "one run",
    given: { settings: HALF },
    title: "What the teacher sees",
    caption: /2 patches ranked highest/,
    card: undefined,
    verdict: [/this run alone cannot tell/],
    not: JUDGED,
    offer: "Run the same with every patch",
  },
  {
    state: "one pair",
    given: { settings: HALF, runs: [runOf(1, { keep: 1 }, 0.61)] },
    title: "What the teacher sees",
    caption: /2 patches ranked highest/,
    card: undefined,
    verdict: [/cost 1\.0 points against all of them \(Run 1\)\. .*one pair of runs cannot tell/, /Advice takes pairs of 3 seeds or more/],
    not: ADVICE,
    offer: "Run this with seed 2",
  },
  {
    state: "two seeds",
    given: { settings: HALF, score: 0.601, runs: seeds(2, 0) },
    title: "What the teacher sees",
    caption: /2 patches ranked highest/,
    card: undefined,
    verdict: [/Over 2 seeds it is .* 95 % interval/, /Advice takes pairs of 3 seeds or more/],
    not: ADVICE,
    offer: "Run this with seed 2",
  },
  {
    state: "several seeds, a loss",
    given: { settings: { ...HALF, seed: 3 }, score: 0.5031, runs: seeds(3, 0.1) },
    title: "What the teacher sees",
    caption: /2 patches ranked highest/,
    card: undefined,
    verdict: [/Over 3 seeds it is −10\.0 points on average, 95 % interval .*: a difference/, /Try to keep more patches/],
    not: /cannot tell/,
  },
  {
    state: "settings changed on the way",
    given: { settings: HALF, changes: [{ step: 40, key: "keep", from: 1, to: 0.5 }], runs: [runOf(1, { keep: 1 }, 0.6)] },
    title: "What the teacher sees",
    caption: /2 patches ranked highest/,
    card: undefined,
    verdict: [/Settings were changed on the way, so no other run is its pair/],
    not: ADVICE,
  },
  {
    state: "finished, then moved",
    given: { settings: { keep: 1 }, snapshot: { ...SEEN, kept: undefined }, changes: [{ step: 100, key: "keep", from: 0.5, to: 1 }] },
    title: "What the teacher sees",
    // The pictures follow the control at once; what came of the run does not.
    caption: /All 4 patches are shown to the teacher/,
    card: undefined,
    verdict: [/this run alone cannot tell/],
    not: /saw every patch|changed on the way/,
    offer: "Run the same with every patch",
  },
  {
    state: "own data",
    given: { settings: HALF, score: 0.55, gallery: { ...gallery, classes: ["cat", "dog"], labels: [1] } },
    title: "What the teacher sees",
    caption: /says cat\. The student says dog, which is right/,
    card: undefined,
    verdict: [/guessing would give 50 %/],
    not: /has not learned/,
    offer: "Run the same with every patch",
  },
  {
    state: "the student is masked",
    given: { settings: { ...HALF, masked: "student" } },
    title: "What the student sees",
    caption: /kept for the student.*The teacher sees the whole image/,
    card: undefined,
    verdict: [/classifies 60 %/],
    not: ADVICE,
    offer: "Run the same with every patch",
  },
];

describe.each(TABLE)("$state", ({ given, title, caption, card, verdict: says, not, offer }) => {
  const state = stateOf(given);

  test("title, hint, caption and card", () => {
    expect(seenTitle(state)).toBe(title);
    expect(/There is no teacher/.test(maskHint(state))).toBe(state.teacher === null);
    const shown = {
      gallery: given.gallery ?? gallery,
      snapshot: given.snapshot ?? SEEN,
      teacher: state.teacher,
      masked: String(state.active?.masked),
    };
    const { choose, answer, compare } = sentencesOf(stageOf(shown, 0), {}, state.active as Settings);
    expect(`${choose} ${answer} ${compare}`).toMatch(caption);
    if (card) expect(costless(state)).toMatch(card);
    else expect(costless(state)).toBeUndefined();
  });

  test("verdict", () => {
    const said = verdict(state).join(" ");
    for (const one of says) expect(said).toMatch(one);
    expect(said).not.toMatch(not);
    expect(offerOf(state)?.label).toBe(offer);
  });
});

test("a run under way says how its last test came out, and before one that there was none", () => {
  const state = stateOf({});
  expect(soFar(state)).toMatch(/^As of step 100: The student classifies 60 % of 1,000 held-out images correctly/);
  const untested = { ...state, history: { ...state.history, evaluations: [] } } as unknown as State;
  expect(soFar(untested)).toBe("It has not been tested on held-out images yet.");
  expect(soFar({ ...untested, step: 0 })).toMatch(/untrained student/);
  expect(soFar({ ...untested, step: 0, watching: { name: "maskedkd" } as State["watching"] })).toBe("");
});

describe("detection", () => {
  const measured = { step: 0, key: "samkd.alpha", from: 5, to: 0.9 };

  test("a detector that finds next to nothing has not learned; one that does is told by its precision", () => {
    expect(verdict(stateOf({ preset: "samkd", score: 0.004 })).join(" ")).toMatch(/mean average precision of 0\.4 %.*has not learned yet/);
    const said = verdict(stateOf({ preset: "samkd", score: 0.2, changes: [measured] })).join(" ");
    expect(said).toMatch(/mean average precision of 20 %/);
    // Weights that the run measured are its own: nobody steered it.
    expect(said).not.toMatch(/changed on the way|patches|has not learned/);
  });
});
