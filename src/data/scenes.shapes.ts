/**
 * Scenes-Shapes: generated pictures in which it matters which patches are seen. The class is told by one object's shape and by
 * how the bands inside it are arranged, never by colour or place.
 *
 * All classes draw colour, place, turn, area and background alike. A rim shows the outline; the bands inside lie in one of four
 * ways, each shared by three shapes, so that the inside narrows the class down and the outline settles it. What competes for
 * attention are parts of other shapes with bands of their own, often in the object's very colours.
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
  mean: [0.48608399912140987, 0.48560245519524087, 0.4861449017717105],
  std: [0.18965285067723464, 0.18948613255636687, 0.18873908725564928],
};

/** Share of the picture that an object covers: alike for all classes, so that its area does not tell them apart. */
const AREA = [0.12, 0.2] as const;
/** No shape reaches farther than this share of the side; the centres of objects and of parts stay as far from the border, whatever the class. */
const REACH = 0.4;
const MARGIN = { object: 0.31, part: 0.12 };
/** Farthest that objects and parts are turned either way, in radians. */
const TURN = 0.25;
/** How many pixels of 32 a band takes, light and dark together, and how many the rim. */
const BAND = [3.5, 5] as const;
const RIM = 0.9;
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
    const kind = draw.below(SHAPES.length);
    const part = placed(draw, side, halfOf(draw, SHAPES[kind].make(draw.range)), size * draw.range(...PARTS.size), MARGIN.part);
    stamp(canvas, part, banded(draw, side, part, kind, draw.unit() < PARTS.alike ? colours : pair(draw, ground)));
  }
  stamp(canvas, object, banded(draw, side, object, label, colours));
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
