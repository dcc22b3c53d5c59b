/** Pictures that several methods have. */
import type { Axis, ViewSpec } from "../method";

const strength = { kind: "heat", unit: "mean |F|", axes: ["level"] } as const;

/** What the detectors themselves have to show, before and beside any method: mean |F| over the channels of each level [B, H, W]. */
export const FEATURES = {
  teacher: { ...strength, label: "Teacher's features", note: "mean |F| over channels" },
  student: { ...strength, label: "Student's features", note: "mean |F| over channels" },
} as const satisfies Record<string, ViewSpec>;

/** Positions of a map that are erased [B, H, W]. */
export const erased = (...axes: Axis[]): ViewSpec => ({ kind: "mask", label: "Erased", axes, accumulate: "erased" });

/** What is regenerated in their place [B, H, W, C]. */
export const reconstruction = (...axes: Axis[]): ViewSpec => ({
  ...{ kind: "heat", label: "Regenerated", note: "mean |F|, colours as the teacher's", unit: "mean |F|" },
  axes,
  scale: "teacher",
});
