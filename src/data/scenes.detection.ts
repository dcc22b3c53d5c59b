/**
 * Scenes-Detection: generated pictures of one to six objects of very different sizes, which may hide each other in part,
 * reach over the border, have bars before them and clutter around them.
 *
 * The nine classes are outlines in three families (round, square, pointed), the supercategories. As in `scenes.ts` most
 * objects have a hue near their class's own and a family's hues are neighbours: colour alone tells the family better than
 * the class, some objects have any colour, and clutter may have an object's. A picture is a pure function of
 * (seed, split, index). Boxes are tight around what is seen of an object, as people draw them.
 */
import type { GroundTruth } from "../models/detector/boxes";
import { distractor, occluder, PIECES } from "./clutter";
import type { Moments } from "./dataset";
import type { DetectionSet, DetectionSplit } from "./detection";
import { Draw } from "./draw";
import { lazily } from "./lazily";
import { background, type Canvas, contrasting, develop, fill, type Placed, posed, silhouette, stamp } from "./paint";
import { type Distance, SHAPES } from "./shapes";

const FAMILIES = { round: ["disc", "ring", "crescent"], square: ["square", "frame", "cross"], pointed: ["triangle", "star", "arrow"] };

export const DETECTION_CLASSES = Object.values(FAMILIES).flat();
const SUPERCATEGORIES = Object.entries(FAMILIES).flatMap(([family, names]) => names.map(() => family));
const OUTLINES = DETECTION_CLASSES.map((name) => SHAPES.find((shape) => shape.name === name)!);

/** Which pictures of the generator these are. */
const SERIES = { train: 2, test: 3 };
const MOST_OBJECTS = 6;
/** Radii as shares of the side, drawn evenly on a logarithmic scale: boxes from a twentieth to three fifths of it. */
const SMALLEST = 0.03;
const LARGEST = 0.3;
/** What must stay visible of every object, and how often another place is tried for one that hides too much. */
const VISIBLE = 0.5;
const TRIES = 12;
/** Fewer pixels than these nobody could name. */
const FEWEST_PIXELS = 6;

/** Measured over 500 pictures; the three channels are drawn alike. */
const MOMENTS: Moments = { mean: [0.498, 0.498, 0.498], std: [0.178, 0.178, 0.178] };

export interface DetectionScene {
  /** u8 [side, side, 3]. */
  image: Uint8Array;
  truths: GroundTruth[];
}

export interface DetectionScenesOptions {
  /** Pixels along an edge; 128 unless told. */
  side?: number;
  /** Number of training and of held-out pictures. */
  train: number;
  test: number;
  seed: number;
}

/** What tells one set of Scenes-Detection from another. */
export function detectionScenesId({ side = 128, train, test, seed }: DetectionScenesOptions): string {
  return `scenes-detection-${side}-${train}-${test}-${seed}`;
}

/** The options that an id was made from; undefined when it is not one of Scenes-Detection. */
export function detectionScenesOfId(id: string): (DetectionScenesOptions & { side: number }) | undefined {
  const [, side, train, test, seed] = /^scenes-detection-(\d+)-(\d+)-(\d+)-(\d+)$/.exec(id)?.map(Number) ?? [];
  return side ? { side, train, test, seed } : undefined;
}

/** A data set of pictures 0 to train - 1 of the one split and 0 to test - 1 of the other, painted when asked for. */
export function detectionScenes({ side = 128, train, test, seed }: DetectionScenesOptions): DetectionSet {
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
  const canvas: Canvas = { side, rgb: new Float32Array(3 * side * side) };
  const ground = background(canvas, draw);
  const layout = laidOut(draw, side);
  const colours = layout.items.map(({ category }) =>
    category === undefined ? draw.colour() : contrasting(draw, ground, category / DETECTION_CLASSES.length),
  );
  for (let n = 3 + draw.below(5); n > 0; n--) {
    // A third of the clutter shares the colour of something before it, so colour alone does not find the objects.
    const colour = draw.unit() < 0.33 ? colours[draw.below(colours.length)] : draw.colour();
    stamp(canvas, distractor(draw, side, PIECES, 0.03, 0.13), fill(draw, colour));
  }
  for (const [i, { placed }] of layout.items.entries()) stamp(canvas, placed, fill(draw, colours[i]));
  const image = new Uint8Array(3 * side * side);
  develop(canvas, image, draw, true);
  return { image, truths: layout.truths() };
}

/** One to six objects, a third of them with a bar in front; fewer where there is no room. */
function laidOut(draw: Draw, side: number): Layout {
  const layout = new Layout(side);
  for (let n = 1 + draw.below(MOST_OBJECTS); n > 0; n--) {
    const category = draw.below(DETECTION_CLASSES.length);
    const shape = OUTLINES[category].make(draw.range);
    for (let tries = 0; tries < TRIES; tries++) {
      const placed = place(draw, side, shape);
      if (!layout.put(placed, category)) continue;
      if (draw.unit() < 0.33) layout.put(occluder(draw, placed));
      break;
    }
  }
  return layout;
}

/** Any size, turn and place; up to half of it may lie beyond the border. */
function place(draw: Draw, side: number, shape: Distance): Placed {
  const radius = side * SMALLEST * (LARGEST / SMALLEST) ** draw.unit();
  const margin = 0.3 * radius;
  const x = draw.range(margin, side - margin);
  const y = draw.range(margin, side - margin);
  return posed(shape, x, y, radius, draw.range(0, 2 * Math.PI), Math.exp(draw.range(-0.2, 0.2)), draw.sign());
}

interface Item {
  placed: Placed;
  /** None for what is no object. */
  category?: number;
}

/** Things before one another, the later in front, and what is seen of each. */
class Layout {
  readonly items: Item[] = [];
  /** Which item is seen at each pixel, from 1; 0 is the background. */
  private readonly seen: Uint8Array;
  /** Pixels each item covers inside the picture, and those of them that are seen. */
  private readonly covered = [0];
  private readonly left = [0];

  constructor(private readonly side: number) {
    this.seen = new Uint8Array(side * side);
  }

  /** Puts something in front of all others, unless that would hide too much of an object, or show too little of this one. */
  put(placed: Placed, category?: number): boolean {
    const pixels = silhouette(this.side, placed);
    const left = [...this.left];
    for (const pixel of pixels) left[this.seen[pixel]]--;
    const hides = this.items.some((item, i) => item.category !== undefined && left[i + 1] < VISIBLE * this.covered[i + 1]);
    if (hides || pixels.length < FEWEST_PIXELS) return false;
    this.items.push({ placed, category });
    for (const pixel of pixels) this.seen[pixel] = this.items.length;
    this.covered.push(pixels.length);
    this.left.splice(0, Infinity, ...left, pixels.length);
    return true;
  }

  /** The objects, with the smallest boxes around what is seen of them. */
  truths(): GroundTruth[] {
    const boxes = this.items.map((): [number, number, number, number] => [this.side, this.side, 0, 0]);
    for (const [pixel, item] of this.seen.entries()) {
      if (item) widen(boxes[item - 1], pixel % this.side, Math.floor(pixel / this.side));
    }
    return this.items.flatMap(({ category }, i) => (category === undefined ? [] : [{ category, box: boxes[i] }]));
  }
}

/** Makes a box hold one more pixel. */
function widen(box: [number, number, number, number], x: number, y: number): void {
  box[0] = Math.min(box[0], x);
  box[1] = Math.min(box[1], y);
  box[2] = Math.max(box[2], x + 1);
  box[3] = Math.max(box[3], y + 1);
}
