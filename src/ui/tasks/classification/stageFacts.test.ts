/** What the stage says of a step, in every state in which it can be said. */
import { describe, expect, test } from "vitest";
import { SCHEMA } from "../../../tasks";
import type { Gallery, Snapshot } from "../../../tasks/classification/views";
import type { Shown } from "./layers";
import { equationsOf, patchFacts, sentencesOf, stageOf } from "./stageFacts";

const SETTINGS = SCHEMA.defaults();
const GRID: [number, number] = [2, 2];
const gallery: Gallery = {
  ...{
    side: 8,
    channels: 3,
    grid: GRID,
    images: new Uint8Array(2 * 3 * 64),
    labels: [1, 0],
    classes: ["disc", "ring", "star", "bolt", "moon"],
  },
  objects: Float64Array.of(0, 0, 0, 1, 0.5, 0.25, 0.25, 0),
};
const snapshot: Snapshot = {
  ...{ step: 7, student: [1, 1], teacher: [1, 0], heads: 2, grid: GRID },
  attention: Float32Array.of(0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3, 0.4),
  score: Float32Array.of(0.25, 0.25, 0.25, 0.25, 0.1, 0.2, 0.3, 0.4),
  kept: Uint32Array.of(0, 3, 2, 3),
  probabilities: {
    student: Float32Array.of(0.1, 0.6, 0.1, 0.1, 0.1, 0.2, 0.5, 0.1, 0.1, 0.1),
    teacher: Float32Array.of(0.05, 0.8, 0.05, 0.05, 0.05, 0.9, 0.05, 0.02, 0.02, 0.01),
  },
};
const masked: Shown = { gallery, snapshot, teacher: "Teacher", masked: "teacher" };
const said = (shown: Shown, image = 0, losses = {}, settings = SETTINGS) => sentencesOf(stageOf(shown, image), losses, settings);

describe("facts", () => {
  test("scores are told as multiples of an even share, and ranked", () => {
    const { looking, object } = stageOf(masked, 1);
    expect(Array.from(looking!.times, (times) => Number(times.toFixed(3)))).toEqual([0.4, 0.8, 1.2, 1.6]);
    expect([...looking!.rank]).toEqual([4, 3, 2, 1]);
    expect(looking).toMatchObject({ most: 3, even: false, chose: true });
    expect(object).toBe(0.25);
  });

  test("the classes shown are the likeliest and the truth, by what the teacher finds", () => {
    const { answers } = stageOf(masked, 1);
    expect(answers!.map(({ name }) => name)).toEqual(["disc", "ring", "star", "bolt"]);
    expect(answers![0]).toMatchObject({ truth: true, teacher: expect.closeTo(0.9), student: expect.closeTo(0.2) });
  });

  test("a patch says its score, its rank, whether it is shown and how often it was", () => {
    const watched = { images: 4, counts: Uint32Array.of(0, 0, 0, 0, 0, 1, 1, 2) };
    const stage = { name: "early", positions: { images: 4, counts: Uint32Array.of(1, 1, 1, 1) }, watched };
    const frequency = { stages: [stage] } as unknown as Shown["frequency"];
    expect(patchFacts(stageOf({ ...masked, frequency }, 1), 3)).toBe(
      "score 1.6 × an even share; rank 1 of 4; shown to the teacher; kept in 100 % of 2 snapshots",
    );
    expect(patchFacts(stageOf(masked, 1), 0)).toBe("score 0.4 × an even share; rank 4 of 4; hidden from the teacher");
  });
});

test("equations are those of the settings: who is masked, who chooses, what is learned", () => {
  const of = (shown: Shown, settings = {}) => equationsOf(stageOf(shown, 0), { ...SETTINGS, ...settings });
  expect(of(masked)).toMatchObject({
    ...{ choose: "keep the k largest a", answer: "p_T = f_T(kept patches)", compare: "p_S = f_S(all patches)" },
    learn: "CE(y, p_S) + λ τ² KL(p_T ‖ p_S)",
  });
  expect(of({ ...masked, masked: "student" })).toMatchObject({ answer: "p_T = f_T(all patches)", compare: "p_S = f_S(kept patches)" });
  expect(of(masked, { criterion: "bottom", queries: "patches" })).toMatchObject({
    look: "a = mean_q softmax(q Kᵀ / √d)",
    choose: "keep the k smallest a",
  });
  expect(of(masked, { criterion: "random" }).choose).toBe("keep k at random");
  expect(of(masked, { base: "hard" }).learn).toBe("CE(y, p_S) + λ CE(argmax p_T, p_S)");
  const alone = { ...snapshot, teacher: undefined, kept: undefined, score: undefined };
  expect(of({ ...masked, snapshot: alone, teacher: null })).toMatchObject({ choose: "k = N", answer: "no teacher", learn: "CE(y, p_S)" });
});

describe("sentences", () => {
  test("with a mask that the student chose", () => {
    expect(said(masked, 1, { ce: 2, kd: 0.5 })).toEqual({
      look: "The scores of the patches peak at row 2, column 2: 1.6 × an even share.",
      choose: "The 2 patches ranked highest are kept for the teacher; 25 % of the object lies in them.",
      answer: "The teacher computes these 2 patches alone and says disc (90 %).",
      compare: "The student says ring, which is wrong. It gives disc 20 %, the teacher 90 %.",
      learn:
        "On the last batch: the labels' cross-entropy 2, and λ = 1 times the distance to the teacher 0.5. The update lowers their sum.",
    });
  });

  test("while the scores are even, nothing is said to stand out", () => {
    expect(said(masked).look).toBe("The scores of the patches are almost even over all 4 patches: nothing stands out yet.");
  });

  test("drawn at random, or the lowest: never 'ranked highest'", () => {
    const drawn: Shown = { ...masked, snapshot: { ...snapshot, score: undefined } };
    expect(said(drawn, 1).choose).toContain("The 2 patches drawn at random are kept");
    expect(said(drawn, 1).look).toBe("The student's attention peaks at row 2, column 2: 1.6 × an even share.");
    expect(said(masked, 1, {}, { ...SETTINGS, criterion: "bottom" }).choose).toContain("with the lowest scores");
  });

  test("with every patch, nothing is chosen", () => {
    const all: Shown = { ...masked, snapshot: { ...snapshot, kept: undefined, score: undefined } };
    expect(said(all).choose).toBe("All 4 patches are shown to the teacher: nothing is chosen.");
    expect(said(all).answer).toBe("The teacher sees the whole image and says ring (80 %).");
  });

  test("where the student is masked, the teacher sees the whole image", () => {
    const student: Shown = { ...masked, masked: "student" };
    expect(said(student).choose).toContain("are kept for the student");
    expect(said(student).answer).toContain("sees the whole image");
  });

  test("without a teacher none is mentioned as having answered", () => {
    const alone = {
      ...snapshot,
      teacher: undefined,
      kept: undefined,
      score: undefined,
      probabilities: { student: snapshot.probabilities!.student },
    };
    const { choose, answer, compare, learn } = said({ ...masked, snapshot: alone, teacher: null }, 0, { ce: 2 });
    expect(choose).toBe("There is no teacher, so no patch has to be chosen.");
    expect(answer).toBe("Nobody answers but the student.");
    expect(compare).toBe("The student says ring, which is right. It gives ring 60 %.");
    expect(learn).toBe("On the last batch: the labels' cross-entropy 2. The update lowers it.");
  });

  test("before anything is known, and of runs kept without probabilities", () => {
    const { look, choose, answer, learn } = said({ gallery, teacher: undefined, masked: "teacher" });
    expect([look, choose, answer, learn]).toEqual([
      "The student looks at all 4 patches.",
      "Nothing is chosen yet.",
      "The teacher has not answered yet.",
      "No step has been made yet: the student is as it was drawn.",
    ]);
    const older: Shown = { ...masked, snapshot: { ...snapshot, probabilities: undefined } };
    expect(said(older).answer).toBe("The teacher computes these 2 patches alone and says ring.");
    expect(said(older).compare).toBe("The student says ring, which is right.");
  });
});
