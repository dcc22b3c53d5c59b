/**
 * Scenes-Detection: generated pictures of one to six objects of very different sizes, which may hide each other in part,
 * reach over the border, have bars before them and clutter around them.
 *
 * The nine classes are outlines in three families (round, square, pointed), the supercategories. As in `scenes.ts` most
 * objects have a hue near their class's own and a family's hues are neighbours: colour alone tells the family better than
 * the class, some objects have any colour, and clutter may have an object's. A picture is a pure function of
 * (seed, split, index). Boxes are tight around what is seen of an object, as people draw them.
 */

import type { GroundTruth } from "../geometry/boxes";
import { type Composition, composed, type Layout } from "./composition";
import type { Moments } from "./dataset";
import type { DetectionSet, DetectionSplit } from "./detection";
import { Draw } from "./draw";
import { lazily } from "./lazily";
import { develop } from "./paint";
import { detectionScenesId, type ScenesOptions } from "./scenes.id";
import { SHAPES } from "./shapes";

const FAMILIES = { round: ["disc", "ring", "crescent"], square: ["square", "frame", "cross"], pointed: ["triangle", "star", "arrow"] };

export const DETECTION_CLASSES = Object.values(FAMILIES).flat();
const SUPERCATEGORIES = Object.entries(FAMILIES).flatMap(([family, names]) => names.map(() => family));
const OUTLINES = DETECTION_CLASSES.map((name) => SHAPES.find((shape) => shape.name === name)!);

/** Which pictures of the generator these are. */
const SERIES = { train: 2, test: 3 };
/** Boxes from a twentieth to three fifths of the side. */
const COMPOSITION: Composition = { shapes: OUTLINES, most: 6, radii: [0.03, 0.3], clutter: [0.03, 0.13] };

/** Measured over 500 pictures; the three channels are drawn alike. */
const MOMENTS: Moments = { mean: [0.498, 0.498, 0.498], std: [0.178, 0.178, 0.178] };

export interface DetectionScene {
  /** u8 [side, side, 3]. */
  image: Uint8Array;
  truths: GroundTruth[];
}

/** A data set of pictures 0 to train - 1 of the one split and 0 to test - 1 of the other, painted when asked for. */
export function detectionScenes({ side = 128, train, test, seed }: ScenesOptions): DetectionSet {
  return {
    id: detectionScenesId({ side, train, test, seed }),
    name: "Scenes-Detection",
    side,
    classes: DETECTION_CLASSES,
    supercategories: SUPERCATEGORIES,
    moments: MOMENTS,
    train: split(seed, "train", train, side),
    test: split(seed, "test", test, side),
  };
}

function split(seed: number, name: "train" | "test", count: number, side: number): DetectionSplit {
  const at = lazily((index) => detectionScene(seed, name, index, side), 3 * side ** 2);
  return { count, image: (index) => at(index).image, truths: (index) => at(index).truths };
}

/** One picture. */
export function detectionScene(seed: number, split: "train" | "test", index: number, side = 128): DetectionScene {
  const draw = Draw.picture(seed, SERIES[split], index);
  const { canvas, layout } = composed(draw, side, COMPOSITION);
  const image = new Uint8Array(3 * side * side);
  develop(canvas, image, draw, true);
  return { image, truths: truthsOf(layout) };
}

/** The objects, with the smallest boxes around what is seen of them. */
function truthsOf({ items, seen, side }: Layout): GroundTruth[] {
  const boxes = items.map((): [number, number, number, number] => [side, side, 0, 0]);
  for (const [pixel, item] of seen.entries()) {
    if (item) widen(boxes[item - 1], pixel % side, Math.floor(pixel / side));
  }
  return items.flatMap(({ category }, i) => (category === undefined ? [] : [{ category, box: boxes[i] }]));
}

/** Makes a box hold one more pixel. */
function widen(box: [number, number, number, number], x: number, y: number): void {
  box[0] = Math.min(box[0], x);
  box[1] = Math.min(box[1], y);
  box[2] = Math.max(box[2], x + 1);
  box[3] = Math.max(box[3], y + 1);
}
