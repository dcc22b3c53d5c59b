/**
 * Scenes-Shapes: generated pictures in which it matters which patches are seen. The class is told by the shape of one object
 * and by nothing else.
 *
 * All classes draw colour, place, turn, area and background alike. What competes for attention are parts of other shapes, often
 * in the object's own colours. Shape and parts are filled with bands that follow their outline, so the inside of a shape speaks
 * of it too, and no patch of a part can be told from one of an object without looking at what is around it.
 */
import type { Dataset, Moments, Split } from "./dataset";
import { type Colour, Draw } from "./draw";
import { lazily } from "./lazily";
import { background, type Canvas, contrasting, develop, type Placed, posed, silhouette, stamp } from "./paint";
import { boundsOf, SCENE_CLASSES, type Scene, type ScenesOptions } from "./scenes";
import { type Distance, SHAPES } from "./shapes";

/** Which pictures of the generator these are. */
const SERIES = { train: 6, test: 7 };
/** Of the 20,000 training pictures of seed 1, to the last digit. */
const MOMENTS: Moments = {
  mean: [0.48767441100082304, 0.48745200252957593, 0.48786813898030185],
  std: [0.18560669843289307, 0.18578083530905007, 0.18510143730901402],
};

/** Share of the picture that an object covers: alike for all classes, so that its area does not tell them apart. */
const AREA = [0.1, 0.17] as const;
/** No shape reaches farther than this share of the side; the centres of objects and of parts stay as far from the border, whatever the class. */
const REACH = 0.4;
const MARGIN = { object: 0.31, part: 0.12 };
/** Farthest that objects and parts are turned either way, in radians. */
const TURN = 0.4;
/** Bands along the outline: how many pixels of 32 one takes, light and dark together. */
const BAND = [3.5, 5] as const;
/** Parts in a picture, how large they are beside the object, and how many wear its colours. */
const PARTS = { least: 2, more: 3, size: [0.5, 0.7] as const, alike: 0.5 };

/** What tells one set of Scenes-Shapes from another. */
export function shapeScenesId({ side = 32, train, test, seed }: ScenesOptions): string {
  return `scenes-shapes-${side}-${train}-${test}-${seed}`;
}

/** The options that an id was made from; undefined when it is not one of Scenes-Shapes. */
export function shapeScenesOfId(id: string): (ScenesOptions & { side: number }) | undefined {
  const [, side, train, test, seed] = /^scenes-shapes-(\d+)-(\d+)-(\d+)-(\d+)$/.exec(id)?.map(Number) ?? [];
  return side ? { side, train, test, seed } : undefined;
}

/** A data set of pictures 0 to train - 1 of the one split and 0 to test - 1 of the other, painted when asked for. */
export function shapeScenes({ side = 32, train, test, seed }: ScenesOptions): Dataset {
  return {
    id: shapeScenesId({ side, train, test, seed }),
    name: "Scenes-Shapes",
    side,
    channels: 3,
    classes: SCENE_CLASSES,
    moments: MOMENTS,
    train: split(seed, "train", train, side),
    test: split(seed, "test", test, side),
  };
}

function split(seed: number, name: "train" | "test", count: number, side: number): Required<Split> {
  const at = lazily((index) => shapeScene(seed, name, index, side), 4 * side ** 2);
  return { count, image: (i) => at(i).image, label: labelOf, object: (i) => at(i).object };
}

const labelOf = (index: number): number => index % SHAPES.length;

/** One picture. Indices 0 to 11 show each class once, 12 to 23 again, and so on. */
export function shapeScene(seed: number, split: "train" | "test", index: number, side = 32): Scene {
  const draw = Draw.picture(seed, SERIES[split], index);
  const canvas: Canvas = { side, rgb: new Float32Array(3 * side * side) };
  const ground = background(canvas, draw);
  const label = labelOf(index);
  const size = Math.sqrt(draw.range(...AREA));
  const object = placed(draw, side, SHAPES[label].make(draw.range), size, MARGIN.object);
  const colours = pair(draw, ground);
  for (let n = PARTS.least + draw.below(PARTS.more); n > 0; n--) {
    const half = halfOf(draw, SHAPES[draw.below(SHAPES.length)].make(draw.range));
    const part = placed(draw, side, half, size * draw.range(...PARTS.size), MARGIN.part);
    stamp(canvas, part, banded(draw, side, part, draw.unit() < PARTS.alike ? colours : pair(draw, ground)));
  }
  stamp(canvas, object, banded(draw, side, object, colours));
  const seen = new Uint8Array(side * side);
  for (const pixel of silhouette(side, object)) seen[pixel] = 1;
  const image = new Uint8Array(3 * side * side);
  develop(canvas, image, draw);
  return { image, label, object: seen, box: boundsOf(seen, side) };
}

/** Two colours that stand out from the ground and from one another. */
function pair(draw: Draw, ground: Colour): [Colour, Colour] {
  const from = contrasting(draw, ground, draw.unit());
  return [from, contrasting(draw, from, draw.unit())];
}

/** The part of a shape on one side of a line near its middle. */
function halfOf(draw: Draw, whole: Distance): Distance {
  const angle = draw.range(0, 2 * Math.PI);
  const [nx, ny, off] = [Math.cos(angle), Math.sin(angle), draw.range(-0.15, 0.15)];
  return (x, y) => Math.max(whole(x, y), nx * x + ny * y + off);
}

/** A shape whose area is the square of `size`, a share of the side, somewhere beyond the margin. */
function placed(draw: Draw, side: number, shape: Distance, size: number, margin: number): Placed {
  const radius = Math.min(REACH, size / Math.sqrt(areaOf(shape))) * side;
  const [x, y] = [side * draw.range(margin, 1 - margin), side * draw.range(margin, 1 - margin)];
  return posed(shape, x, y, radius, draw.range(-TURN, TURN), Math.exp(draw.range(-0.1, 0.1)), draw.sign());
}

/** Steps of the grid on which an area is counted. */
const FINE = 24;

/** The area of a shape near the unit circle, in its own units. */
function areaOf(shape: Distance): number {
  const step = 2.4 / FINE;
  const at = (i: number) => -1.2 + step * (i + 0.5);
  let inside = 0;
  for (let i = 0; i < FINE; i++) for (let j = 0; j < FINE; j++) if (shape(at(i), at(j)) < 0) inside++;
  return inside * step ** 2;
}

/** Bands in two colours that follow the outline. */
function banded(draw: Draw, side: number, { shape, scale }: Placed, [from, to]: [Colour, Colour]) {
  const band = draw.range(...BAND) * (side / 32);
  const phase = draw.unit();
  const pattern = (x: number, y: number) => Number(((((shape(x, y) * scale) / band + phase) % 1) + 1) % 1 < 0.5);
  return { from, to, pattern };
}
