/** Features of kept runs beside each other: which runs, in which order, on which scale, and how alike they are. */
import { expect, test } from "vitest";
import { methodOf, SCHEMA } from "../../../tasks";
import type { Look } from "../../state/looks";
import type { Run } from "../../state/runs";
import type { State } from "../../state/store";
import { shownOf } from "../compared";
import { comparedMaps } from "./compared";
import type { FeatureMap, Focus } from "./featureMaps";
import { besideEachOther, likeness, mapsOfRuns, noteOf, rangeOf, runsWithFeatures } from "./featuresBeside";

const FOCUS: Focus = { image: 1, level: 0, regions: 1, region: 0 };
const map = (view: string, ...values: number[]) => ({
  view,
  at: { level: 0 },
  shape: [2, 2, 2],
  data: Float32Array.of(9, 9, 9, 9, ...values),
});
const features = (student: number[], teacher: number[]) => [map("student", ...student), map("teacher", ...teacher)];
const look = (step: number, maps: FeatureMap[]): Look => ({ step, maps: comparedMaps(maps, methodOf("samkd").views) });
const kept = (id: number, regions: string, teacher = "GFL", looks = [look(7, features([id, 2, 3, 4], [2, 4, 6, 8]))]): Run =>
  ({
    ...{ id, name: `Run ${id}`, teacher, looks, changes: [], dataset: { id: "scenes", name: "Scenes" } },
    settings: { ...SCHEMA.defaults("samkd"), "samkd.regions": regions },
  }) as unknown as Run;

const dataset = { id: "scenes", name: "Scenes" } as State["dataset"];

test("of what is kept to compare runs the last features are shown, as they were measured, of every level, and nothing else", () => {
  const coarse = { ...map("student", 5), at: { level: 1 }, shape: [2, 1, 1], data: Float32Array.of(3, 5) };
  const { maps } = look(7, [...features([1, 2, 3, 4], [2, 4, 6, 8]), coarse, map("teacherMask", 1, 1, 1, 1)]);
  expect(maps.map(({ name }) => name)).toEqual(["Student's features, P3", "Teacher's features, P3", "Student's features, P4"]);
  expect(shownOf(maps[0], 1)).toEqual(Float32Array.of(0.4, 0.8, 1.2, 1.6));
  const run = kept(1, "1", "GFL", [look(3, features([9, 9, 9, 9], [9, 9, 9, 9])), { step: 7, maps }]);
  expect(mapsOfRuns([run])).toEqual([...features([1, 2, 3, 4], [2, 4, 6, 8]), coarse]);
});

test("the newest runs of the same data are shown, those of other pictures or without features are not", () => {
  const elsewhere = { ...kept(2, "1"), dataset: { id: "other", name: "other" } };
  const runs = [kept(1, "1"), elsewhere, kept(3, "2", "GFL", []), ...[4, 5, 6, 7].map((id) => kept(id, "all"))];
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
