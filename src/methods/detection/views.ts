/** Pictures that several methods have. */
import { Tensor } from "../../engine/graph";
import { regionCount, type Sides } from "../../ops/regions";
import type { Axis, View, ViewSpec } from "../method";

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

/** What views of a number for each region have in common. */
export const perRegion = { kind: "regions", axes: ["level", "regions"] } as const;

/** Numbers of all regions [B, R] as views of each level of them, coarsest first as in `sides`. */
export function byRegions(view: string, level: number, { graph, storage, offset, shape: [batch, all] }: Tensor, sides: Sides): View[] {
  return sides.map((regions, i) => {
    const before = regionCount(sides.slice(0, i));
    const tensor = new Tensor(graph, storage, [batch, regions ** 2], "f32", false, offset + before, all);
    return { view, at: { level, regions }, tensor };
  });
}
