import { expect, test } from "vitest";
import type { Term } from "../method";
import { calibrated, type Norms, type Published } from "./calibrate";
import { fgd } from "./fgd";
import { freekd } from "./freekd";
import { DETECTION_METHODS } from "./index";
import { mkd } from "./mkd";

const term = (kind: Term["kind"]): Term => ({ label: "", kind, weight: "", paper: "" });
const wide = (value: number): Published => ({ value, min: 1e-7, max: 100 });
/** The same in two batches. */
const norms = (...levels: number[]): Norms => [levels, levels];

test("feature terms together pull as hard as the detector's own loss, logit terms a tenth as hard", () => {
  const terms = { feature: term("feature"), logit: term("logit"), idle: term("feature") };
  const published = { feature: wide(5), logit: wide(0.5), idle: wide(1) };
  const measured = { detector: [[1], [3]], terms: { feature: [[0.5], [0.3]], logit: [[4], [6]], idle: [[0], [0]] }, positives: [7] };
  const weights = calibrated(terms, published, measured);
  expect(Object.keys(weights)).toEqual(["feature", "logit"]);
  expect(weights.feature).toBeCloseTo(5, 12);
  expect(weights.logit).toBeCloseTo(0.04, 12);
  expect(calibrated(terms, published, { ...measured, detector: [[0], [0]] })).toEqual({});
  expect(() => calibrated(terms, published, { ...measured, terms: { other: [[1], [1]] } })).toThrow("no term other");
});

test("levels are compared one by one, the median counts, and a level without positives does not", () => {
  const one = (detector: number[], feature: number[], positives: number[]) =>
    calibrated(
      { feature: term("feature") },
      { feature: wide(1) },
      { detector: norms(...detector), terms: { feature: norms(...feature) }, positives },
    ).feature;
  expect(one([2, 9, 4], [1, 1, 1], [5, 3, 2])).toBeCloseTo(4, 12);
  // Without a positive on the coarsest level its hundredfold pull says nothing: the mean of the two that remain.
  expect(one([2, 9, 4], [1, 1, 400], [5, 3, 0])).toBeCloseTo(5.5, 12);
  expect(one([2, 9, 4], [1, 1, 1], [0, 0, 0])).toBeUndefined();
});

test.each([fgd, freekd, mkd])("$name: one factor for all terms keeps the ratios of the published weights", ({ terms, knobs }) => {
  const named = Object.entries(terms) as [string, Term][];
  const published = Object.fromEntries(
    named.map(([name, { weight }]) => [name, wide((knobs as unknown as Record<string, { default: number }>)[weight].default)]),
  );
  const pulling = named.filter(([name]) => name !== "encoder");
  const each = Object.fromEntries(pulling.map(([name], i) => [name, norms(0.1 * (i + 1), 0.3 / (i + 1))]));
  const weights = calibrated(terms, published, { detector: norms(1, 2), terms: each, positives: [4, 4] });
  expect(Object.keys(weights)).toHaveLength(pulling.length);
  const factors = Object.keys(weights).map((name) => weights[name] / published[name].value);
  for (const factor of factors) expect(factor / factors[0]).toBeCloseTo(1, 12);
  const together = [0, 1].map((l) => Math.hypot(...Object.keys(weights).map((name) => weights[name] * each[name][0][l])));
  expect((1 / together[0] + 2 / together[1]) / 2).toBeCloseTo(1, 12);
});

test("a factor that would lead beyond what a weight may be is the nearest that does not, for all alike", () => {
  const terms = { a: term("feature"), b: term("feature") };
  const published = { a: wide(5), b: wide(50) };
  const weights = calibrated(terms, published, { detector: norms(1e6), terms: { a: norms(1), b: norms(1) }, positives: [1] });
  expect(weights).toEqual({ a: 10, b: 100 });
});

test("FGD's weights for sums have the paper's ratios, and methods with blocks that regenerate say so", () => {
  expect(Object.values(fgd.terms).map(({ sums }) => sums)).toEqual([1e-3, 5e-4, 5e-4, 5e-6]);
  const regenerating = Object.values(DETECTION_METHODS).filter((method) => "regenerates" in method);
  expect(regenerating.map(({ name }) => name)).toEqual(["samkd", "mkd", "dmkd", "amd", "mgd"]);
});
