/** Features of kept runs beside each other: which runs, in which order, on which scale, and how alike they are. */
import { expect, test } from "vitest";
import { SCHEMA } from "../../../tasks";
import type { FeatureMaps } from "../../../tasks/detection/views";
import type { Run } from "../../state/runs";
import type { State } from "../../state/store";
import type { Focus } from "./featureMaps";
import { besideEachOther, lastFeatures, likeness, noteOf, rangeOf, runsWithFeatures } from "./featuresBeside";

const FOCUS: Focus = { image: 1, level: 0, regions: 1, region: 0 };
const map = (view: string, ...values: number[]) => ({
  view,
  at: { level: 0 },
  shape: [2, 2, 2],
  data: Float32Array.of(9, 9, 9, 9, ...values),
});
const features = (student: number[], teacher: number[]): FeatureMaps => ({
  step: 7,
  maps: [map("student", ...student), map("teacher", ...teacher)],
});
const kept = (id: number, regions: string, teacher = "GFL", pictures: unknown = features([id, 2, 3, 4], [2, 4, 6, 8])): Run =>
  ({
    ...{ id, name: `Run ${id}`, teacher, pictures, changes: [], dataset: { id: "scenes", name: "Scenes" } },
    settings: { ...SCHEMA.defaults("samkd"), "samkd.regions": regions },
  }) as unknown as Run;

const dataset = { id: "scenes", name: "Scenes" } as State["dataset"];

test("a run keeps what student and teacher made of the pictures last, and nothing that its method made of them", () => {
  const value = { ...features([1, 2, 3, 4], [1, 2, 3, 4]), hidden: 0.3 };
  const moments = [
    { step: 1, value: {} },
    { step: 7, value: { ...value, maps: [...value.maps, map("mask", 1, 1, 1, 1)] } },
  ];
  const last = lastFeatures({ history: { moments: () => moments } } as unknown as State);
  expect(last).toEqual(features([1, 2, 3, 4], [1, 2, 3, 4]));
});

test("the newest runs of the same data are shown, those of other pictures or without features are not", () => {
  const elsewhere = { ...kept(2, "1"), dataset: { id: "other", name: "other" } };
  const runs = [kept(1, "1"), elsewhere, kept(3, "2", "GFL", null), ...[4, 5, 6, 7].map((id) => kept(id, "all"))];
  expect(runsWithFeatures({ runs, dataset }, 2).map(({ id }) => id)).toEqual([4, 5, 6, 7]);
  expect(runsWithFeatures({ runs, dataset }, 3)).toEqual([]);
});

test("each teacher stands once before the students, all on one scale, with how like the teacher's each map is", () => {
  const all = besideEachOther([kept(1, "1"), kept(4, "all")], FOCUS);
  expect(all.map(({ id }) => id)).toEqual(["teacher 4", "student 1", "student 4"]);
  expect(rangeOf(all)).toEqual([1, 8]);
  const [teacher, one] = all;
  expect(noteOf(one, teacher)).toBe("samkd.regions 1, step 7; r = 1 with the teacher's");
  expect(noteOf(teacher, teacher)).toBe("");
  const two = besideEachOther([kept(1, "1"), kept(4, "all", "ATSS")], FOCUS);
  expect(two.slice(0, 2).map(({ what }) => what)).toEqual(["GFL", "ATSS"]);
});

test("likeness is Pearson's correlation, and there is none of a constant map or of unlike grids", () => {
  const plane = (...values: number[]) => ({ height: 1, width: values.length, values: Float32Array.from(values) });
  expect(likeness(plane(1, 2, 3), plane(6, 4, 2))).toBeCloseTo(-1, 12);
  // Deviations -1, 0, 1 and -1, 2, -1: no correlation at all.
  expect(likeness(plane(1, 2, 3), plane(0, 3, 0))).toBeCloseTo(0, 12);
  expect(likeness(plane(1, 1, 1), plane(0, 3, 0))).toBeUndefined();
  expect(likeness(plane(1, 2), plane(0, 3, 0))).toBeUndefined();
});
