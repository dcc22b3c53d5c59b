/** What the stage says of a detector's step, method by method and before there is anything to say. */
import { describe, expect, test } from "vitest";
import { SCHEMA } from "../../../tasks";
import type { FeatureMap, Focus } from "./featureMaps";
import { probabilities, regionsAt, stepOf } from "./stageFacts";
import { cellFacts, equationOf, levelCell, partsOf, sentenceOf } from "./stageWords";

const FOCUS: Focus = { image: 0, level: 0, regions: 2, region: 1 };
const READING = { classes: ["disc", "ring"], temperature: 1, compete: true };
const map = (view: string, at: FeatureMap["at"], shape: number[], ...data: number[]): FeatureMap => ({
  view,
  at,
  shape: [1, ...shape],
  data,
});
const level = { level: 0 };
const [one, two] = [1, 2].map((regions) => ({ level: 0, regions }));

/** Two by two places; the left ones are strong. */
const FEATURES = [map("student", level, [2, 2], 1, 1, 1, 1), map("teacher", level, [2, 2], 3, 1, 3, 1)];
const SAMKD = [
  ...FEATURES,
  map("attention", one, [2, 2], 1.5, 0.5, 1.5, 0.5),
  map("attention", two, [2, 2], 1, 1, 1, 1),
  map("mask", one, [2, 2], 0, 1, 0, 1),
  map("mask", two, [2, 2], 0, 0, 0, 0),
  ...[one, two].flatMap((at) => [map("reconstruction", at, [2, 2], 2, 1, 2, 1), map("error", at, [2, 2], 0.3, 0.1, 0.3, 0.1)]),
  map("difference", one, [1], 0.5),
  map("divergence", one, [1], 0.25),
  map("difference", two, [4], 0.1, 0.2, 0.3, 0.4),
  map("divergence", two, [4], 0, 0.5, 0, 0),
  ...[one, two].flatMap((at) => {
    const regions = at.regions ** 2;
    return ["studentLogits", "teacherLogits"].map((view, i) =>
      map(view, at, [2 * regions], ...Array.from({ length: regions }, () => (i ? [0, 2] : [1, 0])).flat()),
    );
  }),
];
const MKD = [
  ...FEATURES,
  map("visible.input", {}, [2, 2], 1, 0, 1, 1),
  map("visible", level, [2, 2], 1, 0, 1, 1),
  map("masked", level, [2, 2], 1, 0, 1, 1),
  map("regenerated", level, [2, 2], 2, 1, 2, 1),
  map("error", level, [2, 2], 0.1, 0.4, 0.2, 0.1),
];
const added = [
  { term: "cls", value: 1 },
  { term: "feature", value: 0.5 },
];
const told = (preset: string, some = added) => ({ added: some, terms: ["feature", "logit"], settings: SCHEMA.defaults(preset), region: 1 });

describe("facts", () => {
  test("attention is told against the mean of its region, and all strengths on one scale", () => {
    const step = stepOf(SAMKD, FOCUS, READING)!;
    expect(step.scales.map(({ attention }) => [...attention!])).toEqual([
      [1.5, 0.5, 1.5, 0.5],
      [1, 1, 1, 1],
    ]);
    expect(step.scale.regions).toBe(2);
    expect(step.range).toEqual([1, 3]);
  });

  test("cells know their region, also where regions are not alike", () => {
    expect(regionsAt(2, [2, 2])).toEqual([0, 1, 2, 3]);
    expect(regionsAt(2, [3, 3])).toEqual([0, 1, 1, 2, 3, 3, 2, 3, 3]);
  });

  test("logits are read as the method compares them: classes against each other, or each for itself; anchors averaged", () => {
    const two = Float32Array.of(0, Math.log(3), Math.log(3), 0);
    expect(probabilities(two, READING)).toEqual([expect.closeTo(0.5, 6), expect.closeTo(0.5, 6)]);
    expect(probabilities(two.subarray(0, 2), READING)).toEqual([expect.closeTo(0.25, 6), expect.closeTo(0.75, 6)]);
    expect(probabilities(two.subarray(0, 2), { ...READING, compete: false })).toEqual([expect.closeTo(0.5, 6), expect.closeTo(0.75, 6)]);
  });

  test("a patch of the input stands over the cell in its middle", () => {
    expect(levelCell(3, { height: 2, width: 2, values: new Float32Array(4) }, [4, 4])).toBe(15);
  });
});

describe("a cell tells its row", () => {
  test("SAMKD: attention, what is erased, W at each scale, and the error", () => {
    expect(cellFacts(stepOf(SAMKD, FOCUS, READING)!, 0)).toBe(
      "attention × even: 1.5 at 1 × 1, 1 at 2 × 2; erased at 1 × 1, at 2 × 2; W 0.5 at 1 × 1, 0.1 at 2 × 2; error 1.5 × the mean",
    );
    expect(cellFacts(stepOf(SAMKD, FOCUS, READING)!, 1)).toContain("erased at 2 × 2; W 0.5 at 1 × 1, 0.2 at 2 × 2");
  });

  test("MKD: hidden or not, and the error; FitNet: how strong both are", () => {
    const step = stepOf(MKD, FOCUS, READING)!;
    expect([cellFacts(step, 0), cellFacts(step, 1)]).toEqual(["visible; error 0.5 × the mean", "hidden; error 2 × the mean"]);
    expect(cellFacts(stepOf(FEATURES, FOCUS, READING)!, 0)).toBe("strength: teacher's 3, student's 1");
  });
});

describe("parts and sentences", () => {
  const say = (maps: FeatureMap[], preset: string) => {
    const step = stepOf(maps, FOCUS, READING);
    return Object.fromEntries(partsOf(step, true).map((part) => [part, sentenceOf(part, step, told(preset))]));
  };

  test("SAMKD", () => {
    const said = say(SAMKD, "samkd");
    expect(Object.keys(said)).toEqual(["attend", "erase", "regenerate", "compare", "learn"]);
    expect(said.attend).toContain("1 × 1 up to 1.5 × an even share; 2 × 2 almost uniform.");
    expect(said.erase).toBe("Of the student's features are erased 50 % at 1 × 1, 100 % at 2 × 2: where attention reaches ωˢ = 0.95.");
    expect(said.compare).toBe(
      "In region 2 of 4 the teacher finds ring likeliest (88 %), the student disc (73 %). Their distance 0.5 counts 0.2 times: as much as their features differ.",
    );
    expect(said.learn).toBe("On the last batch the boxes and classes add 1, what the teacher asks adds 0.5. The update lowers their sum.");
  });

  test("MKD", () => {
    const said = say(MKD, "mkd");
    expect(Object.keys(said)).toEqual(["hide", "see", "regenerate", "compare", "learn"]);
    expect(said.hide).toContain("1 of the 4 patches");
    expect(said.compare).toContain("The error is 2 × its mean where hidden, 0.667 × its mean where visible.");
  });

  test("a method that erases nothing compares; without a teacher, and before anything, there is less to say", () => {
    expect(Object.keys(say(FEATURES, "fitnet"))).toEqual(["look", "compare", "learn"]);
    expect(partsOf(stepOf(FEATURES, FOCUS, READING), false)).toEqual(["look", "learn"]);
    const nothing = stepOf([], FOCUS, READING);
    expect(partsOf(nothing, false)).toEqual(["look", "learn"]);
    expect(sentenceOf("look", nothing, told("mkd"))).toContain("have yet to come");
    expect(sentenceOf("learn", nothing, told("mkd", []))).toContain("No step has been made yet");
  });

  test("every detection method has equations for its parts", () => {
    for (const preset of ["samkd", "mkd", "mgd", "dmkd", "amd", "fgd", "freekd", "pkd", "fitnet", "logit", "dkd", "sdd"])
      expect(equationOf("compare", preset, SCHEMA.defaults()), preset).toMatch(/\w/);
  });

  test("the equation of attention is that of the reading which is set, not the paper's where that is not computed", () => {
    const of = (settings: object, preset = "samkd") =>
      equationOf("attend", preset, { ...SCHEMA.fromPairs([["preset", preset]]).settings, ...settings });
    expect(of({})).toBe("A = φ(σ(‖F_T‖² / τ mean ‖F_T‖²))");
    expect(of({ "samkd.unit": "absolute" })).toBe("A = φ(σ(‖F_T‖² / τC))");
    expect(of({ "samkd.phi": "softmax" })).toBe("A = n softmax(|F_T| / τ)");
    expect(of({}, "dmkd")).toBe(of({}));
    expect(of({}, "fgd")).toBe("A = n softmax(|F_T| / T)");
  });
});
