import { expect, test } from "vitest";
import { type Claim, over, type Study } from "../../tasks/claims";
import type { Row } from "../rows";
import { drawingOf } from "./figures";
import { adaptersOf, casesOf, claimsOf, instrumentOf, measuredOf } from "./report";
import { tableOf } from "./table";

const CLAIM: Claim = { id: "1", title: "A is better", paper: "2 against 1", summands: over("a", "b", "top1"), claimed: 1, unit: "points" };
const STUDY: Study = {
  ...{ name: "tiny", about: "nothing", base: "steps=8", seeds: 3, tuned: [9], claims: [CLAIM] },
  instrument: { of: "a", over: "b", score: "top1", least: 3 },
};

const row = (seed: number, top1: number, more: object = {}): Row => ({ run: "", seed, steps: 8, top1, ...more });
const bySeed = (...rows: Row[]) => new Map(rows.map((one) => [Number(one.seed), one]));

const CASES = new Map([
  ["a", bySeed(row(1, 0.5), row(2, 0.52), row(3, 0.54))],
  ["b", bySeed(row(1, 0.45), row(2, 0.46), row(3, 0.49))],
]);

const measured = (claim: Partial<Claim>, cases = CASES, proven = true) =>
  measuredOf(STUDY, { ...CLAIM, ...claim }, cases, proven, {
    nameOf: (words) => words.toUpperCase(),
    addressOf: (words) => `keep=${words}`,
  });

test("a study runs the cases of its instrument first, and each case once", () => {
  const claims = [CLAIM, { ...CLAIM, summands: [...over("c", "a", "top1"), ...over("b", "d", "top1")] }];
  expect(casesOf({ ...STUDY, claims })).toEqual(["a", "b", "c", "d"]);
});

test("differences are paired by seed, in points, with the interval of a t test", () => {
  // Differences 5, 6 and 5 points: mean 16/3, standard deviation 1/sqrt(3); t(0.975, 2) = 4.3027.
  const { difference, interval, seeds, verdict, measured: told } = measured({});
  expect(difference).toBeCloseTo(16 / 3, 9);
  expect(interval?.[0]).toBeCloseTo(16 / 3 - 4.302653 / 3, 5);
  expect([seeds, verdict]).toEqual([3, "agrees"]);
  expect(told).toBe("A: 52.0 ± 2.0; B: 46.7 ± 2.1");
  expect(measured({ claimed: -1 }).verdict).toBe("opposite");
});

test("an interval around 0, one seed, a run that is missing, or an unproven instrument cannot tell", () => {
  const noisy = new Map([
    ["a", bySeed(row(1, 0.5), row(2, 0.4), row(3, 0.55))],
    ["b", CASES.get("b")!],
  ]);
  expect(measured({}, noisy).verdict).toBe("cannot tell");
  const one = measured(
    {},
    new Map([
      ["a", bySeed(row(1, 0.5))],
      ["b", CASES.get("b")!],
    ]),
  );
  expect([one.difference, one.interval, one.seeds, one.verdict]).toEqual([expect.closeTo(5), null, 1, "cannot tell"]);
  const none = measured({}, new Map([["a", CASES.get("a")!]]));
  expect([none.difference, none.seeds, none.measured]).toEqual([null, 0, "A: 52.0 ± 2.0; B: not run"]);
  expect(measured({}, CASES, false).verdict).toBe("cannot tell");
});

test("before all seeds are there nothing is told, however narrow the interval", () => {
  const two = new Map([...CASES].map(([words, rows]) => [words, new Map([...rows].filter(([seed]) => seed !== 2))]));
  const { interval, seeds, verdict } = measured({}, two);
  expect([seeds, Number(interval?.[0]) > 0, verdict]).toEqual([2, true, "cannot tell"]);
});

test("verdicts say whether they stand when all claims that were measured are judged together", () => {
  const cases = new Map([...CASES, ["c", bySeed(row(1, 0.46), row(2, 0.474), row(3, 0.508))]]);
  const claims = ["a", "c", "d"].map((of) => ({ ...CLAIM, id: of, summands: over(of, "b", "top1") }));
  const told = (of: readonly Claim[]) =>
    claimsOf({ ...STUDY, claims: of }, cases, true, { nameOf: String, addressOf: String }).map(({ id, verdict, together }) => [
      id,
      verdict,
      together,
    ]);
  // p of a is 0.004; that of c is 0.026, which does for the second of two and not for the first.
  expect(told(claims)).toEqual([
    ["a", "agrees", true],
    ["c", "agrees", true],
    ["d", "cannot tell", undefined],
  ]);
  expect(told([claims[1], { ...claims[1], id: "again" }])).toEqual([
    ["c", "agrees", false],
    ["again", "agrees", false],
  ]);
});

test("scores of several kinds are named", () => {
  const both = new Map([["a", bySeed(row(1, 0, { ce: 2, kd: 1 }), row(2, 0, { ce: 2, kd: 1 }))]]);
  const summands = ["kd", "ce"].map((score) => ({ of: "a", score }));
  const { measured: told } = measured({ summands, unit: "nats" }, both);
  expect(told).toBe("A, distance to the teacher: 1.000 ± 0.000; A, labels' cross-entropy: 2.000 ± 0.000");
});

test("the file names the adapters that its rows were made on", () => {
  const cases = new Map([["a", bySeed(row(1, 0, { adapter: "one" }), row(2, 0, { adapter: "two" }), row(3, 0, { adapter: "one" }))]]);
  expect([adaptersOf([cases, CASES]), adaptersOf([CASES])]).toEqual(["one and two", ""]);
});

test("no worse needs the whole interval above the margin", () => {
  const near = new Map([
    ["a", bySeed(row(1, 0.45), row(2, 0.46), row(3, 0.488))],
    ["b", CASES.get("b")!],
  ]);
  const claimed = { name: "one point", value: 1 };
  expect(measured({ claimed }, near)).toMatchObject({ verdict: "agrees", margin: claimed });
  expect(measured({ claimed: { ...claimed, value: 0.1 } }, near).verdict).toBe("cannot tell");
  expect(measured({ claimed, summands: over("b", "a", "top1") }).verdict).toBe("opposite");
});

test("sums of points of curves are judged, read at the test nearest to their share of the run", () => {
  const curve = (early: number, late: number) => ({
    curve: [
      { step: 2, top1: early },
      { step: 6, top1: late },
    ],
  });
  const cases = new Map([
    ["a", bySeed(row(1, 0, curve(0.3, 0.5)), row(2, 0, curve(0.32, 0.5)))],
    ["b", bySeed(row(1, 0, curve(0.2, 0.45)), row(2, 0, curve(0.2, 0.46)))],
  ]);
  const shrinks = measured({ summands: [...over("a", "b", "top1", 0.2), ...over("b", "a", "top1", 0.8)] }, cases);
  expect(shrinks.difference).toBeCloseTo((10 - 5 + 12 - 4) / 2, 9);
  expect(shrinks.measured).toContain("A after 2 of 8 steps: 31.0 ± 1.4");
  const line = { label: "gain", summands: over("a", "b", "top1") };
  const { x, lines } = drawingOf(STUDY, { id: "1", title: "", paper: "", unit: "points", y: "gain", lines: [line] }, cases);
  expect([x, lines[0].label, lines[0].seeds]).toEqual(["step", "gain", 2]);
  expect(lines[0].points.map(([step, mean]) => [step, Math.round(10 * mean) / 10])).toEqual([
    [2, 11],
    [6, 4.5],
  ]);
});

test("a figure across cases has a point for each that was run, at what it costs", () => {
  const cases = new Map([["a", bySeed(row(1, 0.5, { macs: 4e6 }), row(2, 0.52, { macs: 4e6 }))]]);
  const line = { label: "masked", cases: ["a", "b"], score: "top1", against: { score: "macs", label: "M", unit: 1e6 } };
  const { x, lines } = drawingOf(STUDY, { id: "2", title: "", paper: "", unit: "points", y: "top-1", lines: [line] }, cases);
  expect(x).toBe("M");
  expect(lines).toMatchObject([{ label: "masked", seeds: 2, points: [[4, expect.closeTo(51), expect.any(Number), expect.any(Number)]] }]);
});

test("an instrument is proven by enough seeds, a difference that is large enough and an interval without 0", () => {
  expect(instrumentOf("t", STUDY, CASES)).toMatchObject({ proven: true, seeds: 3, study: "tiny" });
  expect(instrumentOf("t", { ...STUDY, seeds: 5 }, CASES).proven).toBe(false);
  expect(instrumentOf("t", { ...STUDY, instrument: { of: "a", over: "b", score: "top1", least: 6 } }, CASES).proven).toBe(false);
  expect(instrumentOf("t", { ...STUDY, instrument: undefined }, CASES)).toMatchObject({ proven: true, difference: null, seeds: 0 });
  expect(instrumentOf("t", STUDY, new Map())).toMatchObject({ proven: false, difference: null, seeds: 0 });
});

test("the table has the proof, and a row for each claim", () => {
  const instrument = [instrumentOf("t", STUDY, CASES)];
  const lines = tableOf({ code: "1", adapter: "g", instrument, claims: [measured({})], figures: [] }).split("\n");
  expect(lines[2]).toBe("**tiny** (nothing): teacher over none +5.3 [3.9, 6.8] points. It shows what a teacher gives.");
  expect(lines.at(-1)).toBe("| 1. A is better | 2 against 1 | A: 52.0 ± 2.0; B: 46.7 ± 2.1 | +5.3 [3.9, 6.8] points | 3 | agrees |");
  const alone = tableOf({ code: "1", adapter: "g", instrument, claims: [{ ...measured({}), together: false }], figures: [] });
  expect(alone).toMatch(/agrees; alone, not among all claims of the study \(Holm\) \|$/);
});

test("a claim about what two students come to can be tried on the page, others cannot", () => {
  expect(measured({}).pair).toEqual({ address: "keep=b", claimed: CLAIM.claimed });
  expect(measured({ summands: over("a", "b", "teacher_top1") }).pair).toBeUndefined();
  expect(measured({ summands: over("a", "b", "top1", 0.5) }).pair).toBeUndefined();
  expect(measured({ summands: [...over("a", "b", "top1"), ...over("c", "d", "top1")] }).pair).toBeUndefined();
});
