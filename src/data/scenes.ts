/**
 * Scenes: generated pictures of one object before a cluttered background, the default data set.
 *
 * Each of the twelve classes is an outline (see `shapes.ts`). Texture, place, size, turn, mirror and stretch are drawn alike
 * for all classes and so say nothing about the class. Colour hints at it, as it does in nature: most objects have a hue
 * near their class's own, some any. A network first learns the hint, then, for the rest, the shape; distractors (bars, corners, chips, caps, dots) are no
 * class; something thin may lie in front. A picture is a pure function of (seed, split, index), so training may also draw
 * pictures that no data set holds, beyond its last index, and the object's mask and box come free.
 */

import { distractor, occluder, PIECES_AND_DOTS } from "./clutter";
import type { Dataset, Moments, Split } from "./dataset";
import { Draw } from "./draw";
import { lazily } from "./lazily";
import { background, type Canvas, contrasting, develop, fill, type Placed, posed, stamp } from "./paint";
import { type ScenesOptions, scenesId } from "./scenes.id";
import { type Distance, SHAPES } from "./shapes";

/** What the object is, in label order. */
export const SCENE_CLASSES = SHAPES.map((shape) => shape.name);

/** Which pictures of the generator these are. */
const SERIES = { train: 0, test: 1 };
/** Of the 20,000 training pictures of seed 1, to the last digit: the command line's runs are normalised by them. */
const MOMENTS: Moments = {
  mean: [0.4927856336176782, 0.4902402881831015, 0.4884091595836473],
  std: [0.18313181406508322, 0.1821147331614189, 0.18438028505142767],
};

export interface Scene {
  /** u8 [3, side, side]. */
  image: Uint8Array;
  /** Index into `SCENE_CLASSES`. */
  label: number;
  /** u8 0 or 1 [side, side]: where the object is seen. */
  object: Uint8Array;
  /** The smallest box around `object`: left, top, width, height. */
  box: [number, number, number, number];
}

/** A data set of pictures 0 to train - 1 of the one split and 0 to test - 1 of the other, painted when asked for. */
export function scenes({ side = 32, train, test, seed }: ScenesOptions): Dataset {
  return {
    id: scenesId({ side, train, test, seed }),
    name: "Scenes",
    side,
    channels: 3,
    classes: SCENE_CLASSES,
    moments: MOMENTS,
    train: split(seed, "train", train, side),
    test: split(seed, "test", test, side),
  };
}

/** One picture. Indices 0 to 11 show each class once, 12 to 23 again, and so on. */
export function scene(seed: number, split: "train" | "test", index: number, side = 32): Scene {
  const image = new Uint8Array(3 * side * side);
  const object = new Uint8Array(side * side);
  paint(image, object, seed, split, index, side);
  return { image, label: labelOf(index), object, box: boundsOf(object, side) };
}

function split(seed: number, name: "train" | "test", count: number, side: number): Required<Split> {
  const at = lazily((index) => scene(seed, name, index, side), 4 * side ** 2);
  return { count, image: (i) => at(i).image, label: labelOf, object: (i) => at(i).object };
}

/** Classes take turns: every split is balanced, and so is every subset of neighbours. */
function labelOf(index: number): number {
  return index % SHAPES.length;
}

/** The smallest box around what is on: left, top, width, height. */
export function boundsOf(object: Uint8Array, side: number): [number, number, number, number] {
  let left = side;
  let top = side;
  let right = -1;
  let bottom = -1;
  for (let i = 0; i < object.length; i++) {
    if (!object[i]) continue;
    const x = i % side;
    const y = (i - x) / side;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right - left + 1, bottom - top + 1];
}

function paint(image: Uint8Array, object: Uint8Array, seed: number, split: "train" | "test", index: number, side: number) {
  const draw = Draw.picture(seed, SERIES[split], index);
  const canvas: Canvas = { side, rgb: new Float32Array(3 * side * side) };
  const ground = background(canvas, draw);
  const target = place(draw, side, SHAPES[labelOf(index)].make(draw.range));
  const colour = contrasting(draw, ground, labelOf(index) / SHAPES.length);
  for (let n = 2 + draw.below(4); n > 0; n--) {
    // A third of the clutter shares the object's colour, so colour alone does not find the object.
    const hue = draw.unit() < 0.33 ? colour : draw.colour();
    stamp(canvas, distractor(draw, side, PIECES_AND_DOTS, 0.07, 0.2), fill(draw, hue));
  }
  stamp(canvas, target, fill(draw, colour), object, 1);
  if (draw.unit() < 0.4) stamp(canvas, occluder(draw, target), fill(draw, draw.colour()), object, 0);
  develop(canvas, image, draw);
}

/** The object: 30 to 75 % of the side, any turn, mostly inside. */
function place(draw: Draw, side: number, shape: Distance): Placed {
  const radius = (side / 2) * draw.range(0.34, 0.75);
  const margin = 0.85 * radius;
  const x = draw.range(margin, side - margin);
  const y = draw.range(margin, side - margin);
  return posed(shape, x, y, radius, draw.range(0, 2 * Math.PI), Math.exp(draw.range(-0.15, 0.15)), draw.sign());
}
