/** What most methods begin with: the pyramid levels of student and teacher side by side, in the teacher's channels. */
import { EngineError } from "../../engine/errors";
import type { Tensor } from "../../engine/graph";
import type { Bound } from "../../models/params";
import { linear } from "../../ops/linear";
import type { Loss } from "../../ops/losses";
import { add } from "../../ops/maps";
import type { Dimensions, DistillContext } from "./method";
import { layer, type Modules } from "./modules";

/** Theta of every level: a 1 x 1 convolution to the teacher's channels, none where these are the student's. */
export function alignModules(student: Dimensions, teacher: Dimensions): Modules {
  if (student.channels === teacher.channels) return {};
  return forLevels(student, (l) => layer(`align.${l}`, student.channels, teacher.channels));
}

/** Modules for every level of a pyramid. */
export function forLevels({ levels }: Dimensions, make: (level: number) => Modules): Modules {
  return Object.assign({}, ...Array.from({ length: levels }, (_, l) => make(l)));
}

export interface Pair {
  level: number;
  /** Theta(F^S), [B, H, W, C] in the teacher's C. */
  student: Tensor;
  /** F^T, [B, H, W, C]; no gradient. */
  teacher: Tensor;
}

/** Throws an EngineError when the two pyramids do not match. */
export function pairs({ student, teacher, modules }: Pick<DistillContext, "student" | "teacher" | "modules">): Pair[] {
  const same = student.pyramid.every((x, l) => String(x.shape.slice(0, 3)) === String(teacher.pyramid[l]?.shape.slice(0, 3)));
  if (!same || student.pyramid.length !== teacher.pyramid.length)
    throw new EngineError(
      `The student's pyramid has maps of ${sizes(student.pyramid)}, the teacher's of ${sizes(teacher.pyramid)}.`,
      "Give both the same image size and number of levels.",
    );
  return student.pyramid.map((x, level) => {
    return { level, student: align(modules, `align.${level}`, x), teacher: teacher.pyramid[level] };
  });
}

/** A 1 x 1 convolution of a map by modules of that name; the map itself where there are none. */
export function align(modules: Bound, name: string, x: Tensor): Tensor {
  const weight = modules[`${name}.weight`];
  return weight ? linear(x, weight, { bias: modules[`${name}.bias`] }) : x;
}

const sizes = (maps: Tensor[]) => maps.map(({ shape: [, height, width] }) => `${height} x ${width}`).join(", ");

/** The sum of losses as one. */
export function total(losses: Loss[]): Loss {
  return {
    value: losses.map(({ value }) => value).reduce((a, b) => add(a, b)),
    seed: (weight, grads) => {
      for (const loss of losses) loss.seed(weight, grads);
    },
  };
}

/** How a sum over a map of the teacher's size is reduced; see the knob `reduction`. */
export type Reduction = "normalised" | "literal";

/** What a sum over batch, pixels and channels of `map` is multiplied with: the mean, or a sum over all but the batch. */
export const scaleOf = (map: Tensor, reduction: Reduction): number => 1 / (reduction === "literal" ? map.shape[0] : map.size);
