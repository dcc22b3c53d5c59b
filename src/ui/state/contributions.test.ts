/** Terms are added as they were weighted at the time. */
import { expect, test } from "vitest";
import { SCHEMA } from "../../tasks";
import { asAdded, asAddedThen, contributionsOf, isWeighted, settingsAt } from "./contributions";
import type { Run } from "./runs";

const run = (preset: string, changes: { step: number; key: string; from: number; to: number }[] = [], more = {}) => {
  const wanted = { ...SCHEMA.defaults(preset), ...more };
  const active = { ...wanted, ...Object.fromEntries(changes.map(({ key, to }) => [key, to])) };
  return { wanted, active, changes, teacher: "Teacher" };
};

test("a step counts the weights that it was made with, not those of now", () => {
  const changed = run("samkd", [{ step: 20, key: "samkd.alpha", from: 5, to: 1.5 }]);
  const losses = { cls: 0.5, feature: 2, logit: 4 };
  expect(contributionsOf(losses, changed, 20)).toEqual({ cls: 0.5, feature: 10, logit: 2 });
  expect(contributionsOf(losses, changed, 21)).toEqual({ cls: 0.5, feature: 3, logit: 2 });
  expect(settingsAt(changed, undefined)["samkd.alpha"]).toBe(1.5);
});

test("curves tell losses as they were added, of a run that ended too", () => {
  const changed = run("samkd", [{ step: 20, key: "samkd.alpha", from: 5, to: 1.5 }]);
  const points = [20, 21].map((step) => ({ step, losses: { feature: 2 }, rates: {}, smooth: {}, figures: {}, scores: {} }));
  expect(asAdded(points, changed).map(({ losses }) => losses.feature)).toEqual([10, 3]);
  const ended = { points, settings: changed.wanted, changes: changed.changes, teacher: "Teacher" } as unknown as Run;
  expect(asAddedThen(ended).map(({ losses }) => losses.feature)).toEqual([10, 3]);
});

test("labels are weighed beside a teacher alone, and losses beside the method's by their own weight", () => {
  const weighed = run("maskedkd", [], { labels: 0, "manifold.beta": 3, "maskedkd.lambda": 2 });
  const losses = { ce: 1, kd: 1, manifold: 1 };
  expect(contributionsOf(losses, weighed, 1)).toEqual({ ce: 0, kd: 2, manifold: 3 });
  expect(contributionsOf(losses, { ...weighed, teacher: null }, 1).ce).toBe(1);
});

test("self-distillation has one loss, and nothing to weigh", () => {
  expect(["maskedkd", "ast", "segmenter", "mkd"].map(isWeighted)).toEqual([true, true, true, true]);
  expect(isWeighted("dino")).toBe(false);
});
