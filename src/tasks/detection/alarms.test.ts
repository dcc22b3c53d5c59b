import { expect, test } from "vitest";
import { alarms } from "./alarms";

const own = ["cls", "box"];

test("a method's term that moves under a hundredth or over nine tenths of the gradient raises an alarm", () => {
  expect(alarms({ own, norms: { cls: 0.5, box: 0.498, feature: 0.002 } })).toEqual([{ term: "feature", share: expect.closeTo(0.002, 9) }]);
  expect(alarms({ own, norms: { cls: 1, box: 1, feature: 38, logit: 0.2 } })).toEqual([
    { term: "feature", share: expect.closeTo(38 / 40.2, 9) },
    { term: "logit", share: expect.closeTo(0.2 / 40.2, 9) },
  ]);
});

test("terms within, the detector's own, and those that do not reach the pyramid raise none", () => {
  expect(alarms({ own, norms: { cls: 0.001, box: 1, feature: 1, logit: 0.1 } })).toEqual([]);
  expect(alarms({ own, norms: { cls: 1, box: 20, encoder: 0 } })).toEqual([]);
  expect(alarms({ own, norms: {} })).toEqual([]);
});
