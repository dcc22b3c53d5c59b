/** Pictures of methods with regions, with wavelets and without either follow from what the methods declare. */
import { expect, test } from "vitest";
import type { ViewSpec } from "../../../methods/method";
import { bordersOf } from "./borders";
import { type FeatureMap, type Focus, levelsOf, nearest, planeOf, regionsOf, rowsOf } from "./featureMaps";
import { erases, picturesOf, specsOf } from "./pictures";

const counting = (view: string, at: FeatureMap["at"], ...shape: number[]): FeatureMap => ({
  ...{ view, at, shape },
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
});

const REGIONAL: FeatureMap[] = [
  counting("attention", { level: 0, regions: 1 }, 2, 4, 4),
  counting("attention", { level: 0, regions: 2 }, 2, 4, 4),
  counting("mask", { level: 0, regions: 1 }, 2, 4, 4),
  counting("mask", { level: 0, regions: 2 }, 2, 4, 4),
  counting("channels", { level: 0, regions: 2 }, 2, 4, 3),
  counting("weights", { level: 0, regions: 2 }, 2, 4),
  counting("teacher", { level: 0 }, 2, 4, 4),
  counting("teacher", { level: 1 }, 2, 2, 3),
];

const FOCUS: Focus = { image: 0, level: 0, regions: 1, region: 0 };

test("levels and regions are those that maps say they are of", () => {
  expect(levelsOf(REGIONAL)).toEqual([0, 1]);
  expect([regionsOf(REGIONAL, 0), regionsOf(REGIONAL, 1)]).toEqual([[1, 2], []]);
  expect(levelsOf([counting("whole", {}, 1, 2, 2)])).toEqual([]);
});

test("a focus that is not there goes to what is", () => {
  expect(nearest({ image: 9, level: 7, regions: 4, region: 15 }, REGIONAL, 2)).toEqual({ image: 1, level: 0, regions: 1, region: 0 });
  expect(nearest({ image: 0, level: 0, regions: 2, region: 3 }, REGIONAL, 2)).toEqual({ image: 0, level: 0, regions: 2, region: 3 });
});

test("an image's map, also an oblong one, and its regions are cut out", () => {
  expect(planeOf(REGIONAL[7], 1)).toEqual({ height: 2, width: 3, values: Float32Array.of(6, 7, 8, 9, 10, 11) });
  expect(planeOf(REGIONAL[7], 2)).toBeUndefined();
  expect(rowsOf(REGIONAL[5], 1)).toEqual([4, 5, 6, 7].map((v) => Float32Array.of(v)));
  expect(rowsOf(REGIONAL[4], 0)[3]).toEqual(Float32Array.of(9, 10, 11));
  // Channels of a method without regions.
  expect(rowsOf(counting("channels", { level: 0 }, 2, 3), 1)).toEqual([Float32Array.of(3, 4, 5)]);
  expect(bordersOf(2, 5)).toEqual([0.4]);
});

const heat = (label: string, more: Partial<ViewSpec> = {}): ViewSpec => ({ kind: "heat", label, axes: ["level"], ...more });

test("pictures are those of the level and the regions in focus, in the order of the method's declaration", () => {
  const specs = specsOf({ views: { mask: { kind: "mask", label: "Erased", axes: ["level", "regions"] }, attention: heat("Attention") } });
  const ids = (focus: Partial<Focus>) => picturesOf(specs, REGIONAL, { ...FOCUS, ...focus }).map(({ id }) => id);
  expect(ids({ regions: 2 })).toEqual(["mask 0 2", "attention 0 2", "teacher 0"]);
  expect(ids({ level: 1 })).toEqual(["teacher 1"]);
});

test("wavelets differ by their level, and a picture that is not declared is not shown", () => {
  const maps = [1, 2].map((wavelet) => counting("details", { level: 0, wavelet }, 1, 2, 2));
  const specs = specsOf({ views: { details: heat("Weights of details") } });
  const shown = picturesOf(specs, [...maps, counting("stray", { level: 0 }, 1, 2, 2)], FOCUS);
  expect(shown.map(({ title }) => title)).toEqual(["Weights of details 1", "Weights of details 2"]);
});

test("a map can be drawn in the colours of the teacher's", () => {
  const specs = specsOf({ views: { rebuilt: heat("Regenerated", { scale: "teacher" }) } });
  const [rebuilt] = picturesOf(specs, [counting("rebuilt", { level: 0 }, 1, 2, 2), counting("teacher", { level: 0 }, 1, 3, 3)], FOCUS);
  expect([rebuilt.view, rebuilt.range]).toEqual(["rebuilt", [0, 8]]);
});

test("what is masked of the input comes first, and an error says how it is where hidden and elsewhere", () => {
  const map = (view: string, at: FeatureMap["at"], ...data: number[]): FeatureMap => {
    const side = data.length === 1 ? 1 : 2;
    return { view, at, shape: [1, side, side], data: Float32Array.from(data) };
  };
  const views: Record<string, ViewSpec> = {
    error: heat("Error", { mask: "visible" }),
    visible: { kind: "mask", label: "Hidden on this level", axes: ["level"] },
    input: { kind: "mask", label: "Hidden from the student", axes: [], of: "input" },
  };
  const maps = [map("error", { level: 0 }, 1, 2, 3, 6), map("visible", { level: 0 }, 1, 1, 1, 0), map("input", {}, 1)];
  const pictures = picturesOf(specsOf({ views }), maps, FOCUS);
  expect(pictures.map(({ view, note }) => [view, note])).toEqual([
    ["input", "0 of 1, 0 %"],
    ["error", "mean 6 where hidden, 2 elsewhere"],
    ["visible", "1 of 4, 25 %"],
  ]);
  expect([erases({ views }), erases({ views: { error: views.error } })]).toEqual([true, false]);
});
