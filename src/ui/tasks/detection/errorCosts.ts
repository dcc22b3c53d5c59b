/** What errors cost, as the page shows it: the networks compared, and the bands between the curves. */
import { ERROR_CURVES, type ErrorAnalysis, type ErrorCurves } from "../../../metrics/errors";
import { short } from "../../format";
import { isSame, type Run, runOf } from "../../state/runs";
import type { State } from "../../state/store";

/** A curve of COCO's analysis, and what the band between it and the curve before stands for. */
export interface Band {
  name: (typeof ERROR_CURVES)[number];
  label: string;
  /** Which mistakes this curve forgives and the one before does not; for the first, what it requires. */
  about: string;
  colour: string;
}

const WORDS: Omit<Band, "name">[] = [
  { label: "Right", about: "class right, box overlaps by 75 % or more", colour: "var(--student)" },
  { label: "Box inexact", about: "overlaps by 50 to 75 %", colour: "var(--agreement)" },
  { label: "Box far off", about: "overlaps by 10 to 50 %", colour: "var(--run-1)" },
  { label: "Similar class", about: "taken for another class of its family", colour: "var(--kd)" },
  { label: "Other class", about: "taken for a class of another family", colour: "var(--event)" },
  { label: "Background", about: "found where no object is", colour: "var(--run-6)" },
  { label: "Missed", about: "objects not found at all", colour: "var(--muted)" },
];

export const BANDS: Band[] = ERROR_CURVES.map((name, i) => ({ name, ...WORDS[i] }));

/** A network that is compared with others. */
export interface Subject {
  id: "baseline" | "student" | "teacher";
  title: string;
  note: string;
  analysis: ErrorAnalysis;
}

/** All with known errors: the run to compare with, the student, its teacher. */
export function subjectsOf(state: State): Subject[] {
  const { errors, teacher } = state;
  const beside = besideOf(state);
  const images = (count: number) => `${short(count)} held-out images`;
  const found: (Subject | undefined)[] = [
    beside?.errors && { id: "baseline", title: beside.name, note: kindOf(beside), analysis: beside.errors.student },
    errors && {
      id: "student",
      title: "This student",
      note: `step ${short(errors.step)}, ${images(errors.images)}`,
      analysis: errors.student,
    },
    errors?.teacher && { id: "teacher", title: "Teacher", note: teacher ?? "", analysis: errors.teacher },
  ];
  return found.filter((one) => one !== undefined);
}

const kindOf = ({ teacher, step }: Run) => `${teacher === undefined ? "student alone" : "distilled"}, step ${short(step)}`;

/** The kept run to compare with: the baseline, else the newest student that learned alone; only one that was measured on the same images. */
export function besideOf(state: State): Run | undefined {
  const now = runOf(state);
  const others = state.runs.filter((run) => run.errors && run.dataset?.id === state.dataset?.id && !(now && isSame(run, now)));
  return others.find(({ id }) => id === state.baseline) ?? others.findLast(({ teacher }) => teacher === undefined);
}

/** Whose errors are looked at: those of a class by its place, of a family of classes by its name, or of all. */
export type Kin = number | string | undefined;

/** The curves of one class, of a supercategory, or of all classes together; undefined where there was nothing of it to find. */
export function curvesFor({ overall, families, perClass }: ErrorAnalysis, kin: Kin): ErrorCurves | undefined {
  if (kin === undefined) return overall;
  const curves = typeof kin === "number" ? perClass[kin] : families.get(kin);
  return curves?.areas.some(Number.isNaN) ? undefined : curves;
}

/** The supercategories that all of these networks have curves for, where there are several. */
export function familiesOf(subjects: readonly Subject[]): string[] {
  const all = [...(subjects[0]?.analysis.families.keys() ?? [])];
  return all.length < 2 ? [] : all.filter((family) => subjects.every(({ analysis }) => curvesFor(analysis, family)));
}

/** The areas of the seven curves, and what each adds to the one before. */
export function costsOf({ areas }: ErrorCurves): { area: number; adds: number }[] {
  return areas.map((area, i) => ({ area, adds: area - (areas[i - 1] ?? 0) }));
}

/** Heights of the bands at each recall, for a stacked chart. */
export function heightsOf({ curves }: ErrorCurves): Record<"recall" | Band["name"], number>[] {
  return Array.from(curves[0], (_, r) => {
    const heights = ERROR_CURVES.map((name, c) => [name, curves[c][r] - (curves[c - 1]?.[r] ?? 0)] as const);
    return { recall: r / (curves[0].length - 1), ...Object.fromEntries(heights) } as Record<"recall" | Band["name"], number>;
  });
}
