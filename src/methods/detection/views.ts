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

/** How far off that is at each position [B, H, W], as it adds to L_feat. */
export const regenerationError = (mask: string, ...axes: Axis[]): ViewSpec => ({
  ...{ kind: "heat", label: "Error of regeneration", note: "part of L_feat", unit: "error" },
  ...{ axes, mask },
});

/** What views of a number for each region have in common. */
export const perRegion = { kind: "regions", axes: ["level", "regions"] } as const;

/** Numbers of all regions [B, R] or [B, R, N] as views [B, r * N] of each level of them, coarsest first as in `sides`. */
export function byRegions(view: string, level: number, { graph, storage, offset, shape }: Tensor, sides: Sides): View[] {
  const [batch, all, each = 1] = shape;
  return sides.map((regions, i) => {
    const before = each * regionCount(sides.slice(0, i));
    const tensor = new Tensor(graph, storage, [batch, each * regions ** 2], "f32", false, offset + before, each * all);
    return { view, at: { level, regions }, tensor };
  });
}
