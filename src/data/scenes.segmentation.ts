/**
 * Scenes-Segmentation: generated pictures of one to four objects, and the class of every pixel.
 *
 * Background is class 0; the other seven are outlines of `shapes.ts`. What hides an object takes its pixels: a later object gives
 * them its own class; bars, and what is seen through a ring, are background. As in `scenes.ts` most objects have a hue near their
 * class's own, some any, and clutter may have an object's, so that colour goes far but not all the way. A picture is a pure
 * function of (seed, split, index).
 */

import { type Composition, composed, type Layout } from "./composition";
import type { Moments } from "./dataset";
import { Draw } from "./draw";
import { lazily } from "./lazily";
import { develop } from "./paint";
import { type ScenesOptions, segmentationScenesId } from "./scenes.id";
import { type SegmentationSet, type SegmentationSplit, vocPalette } from "./segmentation";
import { SHAPES } from "./shapes";

/** Neighbours have like hues, so they are of unlike outline. */
const NAMES = ["disc", "cross", "heart", "ring", "triangle", "square", "star"];

/** By label. */
export const SEGMENTATION_CLASSES = ["background", ...NAMES];

/** Which pictures of the generator these are. */
const SERIES = { train: 4, test: 5 };
/** Objects from a third of the side to most of it across: on a grid of eight patches a side even the smallest cover several. */
const COMPOSITION: Composition = {
  shapes: NAMES.map((name) => SHAPES.find((shape) => shape.name === name)!),
  ...{ most: 4, radii: [0.16, 0.42], clutter: [0.04, 0.12] },
};

/** Measured over 500 pictures; the three channels are drawn alike. */
const MOMENTS: Moments = { mean: [0.482, 0.482, 0.482], std: [0.202, 0.202, 0.202] };

export interface SegmentationScene {
  /** u8 [3, side, side]. */
  image: Uint8Array;
  /** u8 [side, side], indices into `SEGMENTATION_CLASSES`. */
  labels: Uint8Array;
}

/** A data set of pictures 0 to train - 1 of the one split and 0 to test - 1 of the other, painted when asked for. */
export function segmentationScenes({ side = 64, train, test, seed }: ScenesOptions): SegmentationSet {
  return {
    id: segmentationScenesId({ side, train, test, seed }),
    name: "Scenes-Segmentation",
    side,
    channels: 3,
    classes: SEGMENTATION_CLASSES,
    palette: vocPalette(SEGMENTATION_CLASSES.length),
    moments: MOMENTS,
    train: split(seed, "train", train, side),
    test: split(seed, "test", test, side),
  };
}

function split(seed: number, name: "train" | "test", count: number, side: number): SegmentationSplit {
  const at = lazily((index) => segmentationScene(seed, name, index, side), 4 * side ** 2);
  return { count, image: (index) => at(index).image, labels: (index) => at(index).labels };
}

/** One picture. */
export function segmentationScene(seed: number, split: "train" | "test", index: number, side = 64): SegmentationScene {
  const draw = Draw.picture(seed, SERIES[split], index);
  const { canvas, layout } = composed(draw, side, COMPOSITION);
  const image = new Uint8Array(3 * side * side);
  develop(canvas, image, draw);
  return { image, labels: labelsOf(layout) };
}

function labelsOf({ items, seen }: Layout): Uint8Array {
  const labels = [0, ...items.map(({ category }) => (category === undefined ? 0 : 1 + category))];
  return seen.map((item) => labels[item]);
}
