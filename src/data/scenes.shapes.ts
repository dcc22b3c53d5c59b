/**
 * Scenes-Shapes: generated pictures in which it matters which patches are seen. The class is told by one object's shape and by
 * how the bands inside it are arranged, never by colour or place.
 *
 * All classes draw hue, place, turn, area and background alike. A rim shows the outline; the bands inside lie in one of
 * four ways, each shared by three shapes, so that the inside narrows the class down and the outline settles it. What competes for
 * attention are parts of other shapes with bands of their own, often in the object's very colours. Everything stands on a grid of
 * eighths of the side, which is the usual grid of patches: with free places and turns small networks were still at chance after
 * hundreds of steps. Augmentation that shifts moves the pictures off it.
 */

import type { Dataset, Moments, Split } from "./dataset";
import { type Colour, Draw, ofHue } from "./draw";
import { lazily } from "./lazily";
import { background, type Canvas, develop, type Placed, posed, silhouette, stamp } from "./paint";
import { boundsOf, SCENE_CLASSES, type Scene } from "./scenes";
import { type ScenesOptions, shapeScenesId } from "./scenes.id";
import { type Distance, SHAPES } from "./shapes";

/** Which pictures of the generator these are. */
const SERIES = { train: 6, test: 7 };
/** Of the 20,000 training pictures of seed 1, to the last digit. */
const MOMENTS: Moments = {
  mean: [0.48412694470261375, 0.48432237113451737, 0.48329511814779735],
  std: [0.21226299605298998, 0.21221153643422463, 0.21141732718159464],
};

/** Share of the picture that an object covers: alike for all classes, so that its area does not tell them apart. */
const AREA = [0.14, 0.18] as const;
/** No shape reaches farther than this share of the side. */
const REACH = 0.4;
/** Lines of the grid on which the centres of objects stand, whatever the class, and those of parts. */
const GRID = 8;
const LINES = { object: [3, 4, 5], part: [1, 2, 3, 4, 5, 6, 7] } as const;
/** Farthest that objects and parts are turned either way, in radians. */
const TURN = 0.1;
/** How many pixels of 32 a band takes, light and dark together, and how many the rim. */
const BAND = [3.5, 5] as const;
const RIM = 0.9;
/** Parts in a picture, how large they are beside the object, and how many wear its colours. */
const PARTS = { least: 2, more: 3, size: [0.5, 0.7] as const, alike: 0.5 };

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
  background(canvas, draw);
  const label = labelOf(index);
  const size = Math.sqrt(draw.range(...AREA));
  const object = placed(draw, side, SHAPES[label].make(draw.range), size, LINES.object);
  const colours = pair(draw);
  for (let n = PARTS.least + draw.below(PARTS.more); n > 0; n--) {
    const kind = draw.below(SHAPES.length);
    const part = placed(draw, side, halfOf(draw, SHAPES[kind].make(draw.range)), size * draw.range(...PARTS.size), LINES.part);
    stamp(canvas, part, banded(draw, side, part, kind, draw.unit() < PARTS.alike ? colours : pair(draw)));
  }
  stamp(canvas, object, banded(draw, side, object, label, colours));
  const seen = new Uint8Array(side * side);
  for (const pixel of silhouette(side, object)) seen[pixel] = 1;
  const image = new Uint8Array(3 * side * side);
  develop(canvas, image, draw);
  return { image, label, object: seen, box: boundsOf(seen, side) };
}

/** A dark colour and a light one, of any hue each, in either order. */
function pair(draw: Draw): [Colour, Colour] {
  const dark = ofHue(draw.unit(), draw.range(0.3, 0.9), draw.range(20, 90));
  const light = ofHue(draw.unit(), draw.range(0.1, 0.6), draw.range(200, 250));
  return draw.unit() < 0.5 ? [dark, light] : [light, dark];
}

/** The part of a shape on one side of a line near its middle. */
function halfOf(draw: Draw, whole: Distance): Distance {
  const angle = draw.range(0, 2 * Math.PI);
  const [nx, ny, off] = [Math.cos(angle), Math.sin(angle), draw.range(-0.15, 0.15)];
  return (x, y) => Math.max(whole(x, y), nx * x + ny * y + off);
}

/** A shape whose area is the square of `size`, a share of the side, in the middle of its place: where two of the lines cross. */
function placed(draw: Draw, side: number, shape: Distance, size: number, lines: readonly number[]): Placed {
  const { area, middle } = measured(shape);
  const radius = Math.min(REACH, size / Math.sqrt(area)) * side;
  const line = () => (side / GRID) * lines[draw.below(lines.length)];
  const centred: Distance = (x, y) => shape(x + middle[0], y + middle[1]);
  return posed(centred, line(), line(), radius, draw.range(-TURN, TURN));
}

/** Steps of the grid on which a shape is measured. */
const FINE = 32;

/** The area of a shape near the unit circle, and the middle of the box around it, in its own units. */
function measured(shape: Distance): { area: number; middle: [number, number] } {
  const step = 2.4 / FINE;
  const inside = new Uint8Array(FINE * FINE);
  for (let i = 0; i < inside.length; i++) inside[i] = Number(shape(at(i % FINE, step), at(Math.floor(i / FINE), step)) < 0);
  const [left, top, width, height] = boundsOf(inside, FINE);
  const area = inside.reduce((sum, on) => sum + on, 0) * step ** 2;
  return { area, middle: [at(left + width / 2 - 0.5, step), at(top + height / 2 - 0.5, step)] };
}

/** Where a step of that grid lies. */
const at = (i: number, step: number) => -1.2 + step * (i + 0.5);

/** How bands lie in the shapes of each class, by turns: as a field over the shape that they are the levels of. */
const BANDS: ((shape: Distance, slant: number) => Distance)[] = [
  () => (_, y) => y,
  () => (x) => x,
  (_, slant) => (x, y) => (x + slant * y) * Math.SQRT1_2,
  (shape) => shape,
];

/** A rim of one colour around bands of both. */
function banded(draw: Draw, side: number, { shape, scale }: Placed, label: number, [from, to]: [Colour, Colour]) {
  const unit = side / 32 / scale;
  const band = draw.range(...BAND) * unit;
  const phase = draw.unit();
  const field = BANDS[label % BANDS.length](shape, draw.sign());
  const light = (x: number, y: number) => (((field(x, y) / band + phase) % 1) + 1) % 1 < 0.5;
  return { from, to, pattern: (x: number, y: number) => Number(shape(x, y) < -RIM * unit && light(x, y)) };
}
