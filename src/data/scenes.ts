/**
 * Scenes: generated pictures of one object before a cluttered background, the default data set.
 *
 * Each of the twelve classes is an outline (see `shapes.ts`). Texture, place, size, turn, mirror and stretch are drawn alike
 * for all classes and so say nothing about the class. Colour hints at it, as it does in nature: most objects have a hue
 * near their class's own, some any. A network first learns the hint, then, for the rest, the shape; distractors (bars, corners, chips, caps, dots) are no
 * class; something thin may lie in front. A picture is a pure function of (seed, split, index), so training may also draw
 * pictures that no data set holds, beyond its last index, and the object's mask and box come free.
 */
import { philox4x32 } from "../engine/random";
import type { Dataset, Split } from "./dataset";
import { box, capsule, type Distance, disc, hollow, polygon, SHAPES } from "./shapes";

/** What the object is, in label order. */
export const SCENE_CLASSES = SHAPES.map((shape) => shape.name);

/** Philox counter words that no other draw uses: the lane of pictures, and a step each for the splits. */
const SCENES_LANE = 0x5ce7e5;
const SPLIT_STEP = { train: 0, test: 1 };

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

export interface ScenesOptions {
  /** Pixels along an edge; 32 unless told. */
  side?: number;
  /** Number of training and of held-out pictures. */
  train: number;
  test: number;
  seed: number;
  /** Called now and then with the share done, 0..1. */
  onProgress?: (share: number) => void;
}

/** What tells one set of Scenes from another. */
export function scenesId({ side = 32, train, test, seed }: ScenesOptions): string {
  return `scenes-${side}-${train}-${test}-${seed}`;
}

/** The options that an id was made from; undefined when it is not one of Scenes. */
export function scenesOfId(id: string): (ScenesOptions & { side: number }) | undefined {
  const [, side, train, test, seed] = /^scenes-(\d+)-(\d+)-(\d+)-(\d+)$/.exec(id)?.map(Number) ?? [];
  return side ? { side, train, test, seed } : undefined;
}

/** A data set of pictures 0 to train - 1 of the one split and 0 to test - 1 of the other. */
export function scenes({ side = 32, train, test, seed, onProgress }: ScenesOptions): Dataset {
  let done = 0;
  const tick = () => {
    if (++done % 1000 === 0) onProgress?.(done / (train + test));
  };
  return {
    id: scenesId({ side, train, test, seed }),
    name: "Scenes",
    side,
    channels: 3,
    classes: SCENE_CLASSES,
    train: split(seed, "train", train, side, tick),
    test: split(seed, "test", test, side, tick),
  };
}

/** One picture. Indices 0 to 11 show each class once, 12 to 23 again, and so on. */
export function scene(seed: number, split: "train" | "test", index: number, side = 32): Scene {
  const image = new Uint8Array(3 * side * side);
  const object = new Uint8Array(side * side);
  paint(image, object, seed, split, index, side);
  return { image, label: labelOf(index), object, box: bounds(object, side) };
}

function split(seed: number, name: "train" | "test", count: number, side: number, tick: () => void): Required<Split> {
  const area = side * side;
  const images = new Uint8Array(count * 3 * area);
  const objects = new Uint8Array(count * area);
  for (let i = 0; i < count; i++, tick()) {
    paint(images.subarray(3 * area * i, 3 * area * (i + 1)), objects.subarray(area * i, area * (i + 1)), seed, name, i, side);
  }
  return { count, images, objects, labels: Uint8Array.from({ length: count }, (_, i) => labelOf(i)) };
}

/** Classes take turns: every split is balanced, and so is every subset of neighbours. */
function labelOf(index: number): number {
  return index % SHAPES.length;
}

function bounds(object: Uint8Array, side: number): [number, number, number, number] {
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

type Colour = [number, number, number];

/** The random numbers of one picture: sfc32 from a Philox block, because a picture takes thousands. */
class Draw {
  private constructor(
    private a: number,
    private b: number,
    private c: number,
    private counter: number,
  ) {}

  static picture(seed: number, split: "train" | "test", index: number): Draw {
    const draw = new Draw(...philox4x32(index, SPLIT_STEP[split], 0, SCENES_LANE, seed, 0));
    for (let i = 0; i < 8; i++) draw.unit();
    return draw;
  }

  /** In [0, 1). */
  unit(): number {
    return (this.word() >>> 0) * 2 ** -32;
  }

  /** Sum of two uniforms in [-0.5, 0.5) from the halves of one word: a triangle between -1 and 1. */
  triangle(): number {
    const word = this.word();
    return ((word & 0xffff) + (word >>> 16)) * 2 ** -16 - 1;
  }

  private word(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t;
  }

  /** In [low, high). */
  range = (low: number, high: number): number => low + (high - low) * this.unit();

  /** One of 0 to n - 1. */
  below(n: number): number {
    return Math.floor(n * this.unit());
  }

  sign(): number {
    return this.unit() < 0.5 ? -1 : 1;
  }

  colour(low = 20, high = 235): Colour {
    return [this.range(low, high), this.range(low, high), this.range(low, high)];
  }

  /** `colour` with its channels moved alike by `lightness` and each on its own by up to `hue`. */
  near([r, g, b]: Colour, lightness: number, hue: number): Colour {
    return [r + lightness + this.range(-hue, hue), g + lightness + this.range(-hue, hue), b + lightness + this.range(-hue, hue)];
  }
}

/** The picture while it is painted: floats, three per pixel. */
interface Canvas {
  side: number;
  rgb: Float32Array;
}

function paint(image: Uint8Array, object: Uint8Array, seed: number, split: "train" | "test", index: number, side: number) {
  const draw = Draw.picture(seed, split, index);
  const canvas: Canvas = { side, rgb: new Float32Array(3 * side * side) };
  const ground = background(canvas, draw);
  const target = place(draw, side, SHAPES[labelOf(index)].make(draw.range));
  const colour = contrasting(draw, ground, labelOf(index));
  for (let n = 2 + draw.below(4); n > 0; n--) {
    // A third of the clutter shares the object's colour, so colour alone does not find the object.
    const hue = draw.unit() < 0.33 ? colour : draw.colour();
    stamp(canvas, distractor(draw, side), fill(draw, hue));
  }
  stamp(canvas, target, fill(draw, colour), object, 1);
  if (draw.unit() < 0.4) stamp(canvas, occluder(draw, target), fill(draw, draw.colour()), object, 0);
  develop(canvas, image, draw);
}

/** A texture's value at (x, y), 0..1. */
type Pattern = (x: number, y: number) => number;

/** Paints a gradient under a texture of low contrast and returns the colour at its middle. */
function background({ side, rgb }: Canvas, draw: Draw): Colour {
  const from = muted(draw.colour(30, 225));
  const to = draw.near(from, draw.range(-45, 45), 35);
  const texture = draw.near([0, 0, 0], draw.sign() * draw.range(15, 60), 20);
  const pattern = backgroundPattern(draw, side);
  const angle = draw.range(0, 2 * Math.PI);
  const ux = Math.cos(angle) / side;
  const uy = Math.sin(angle) / side;
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const t = 0.5 + ux * (x - side / 2) + uy * (y - side / 2);
      const p = pattern(x, y) - 0.5;
      for (let c = 0; c < 3; c++, i++) rgb[i] = from[c] + (to[c] - from[c]) * t + texture[c] * p;
    }
  }
  return [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2, (from[2] + to[2]) / 2];
}

/** Two thirds of the way to its own grey: what stands before it may be told by colour. */
function muted([r, g, b]: Colour): Colour {
  const grey = (r + g + b) / 3;
  return [grey + (r - grey) / 3, grey + (g - grey) / 3, grey + (b - grey) / 3];
}

function backgroundPattern(draw: Draw, side: number): Pattern {
  const kind = draw.unit();
  if (kind < 0.6) return valueNoise(draw, side);
  const angle = draw.range(0, Math.PI);
  const frequency = (2 * Math.PI * draw.range(2, 7)) / side;
  const phase = draw.range(0, 2 * Math.PI);
  const ux = frequency * Math.cos(angle);
  const uy = frequency * Math.sin(angle);
  // Low-contrast stripes, or the product of two stripes at right angles: a checker with soft edges.
  if (kind < 0.8) return (x, y) => 0.5 + 0.3 * Math.sin(ux * x + uy * y + phase);
  return (x, y) => 0.5 + 0.4 * Math.sin(ux * x + uy * y + phase) * Math.sin(uy * x - ux * y);
}

/** Smoothly interpolated random values on a coarse lattice, plus a finer one at half the height. */
function valueNoise(draw: Draw, side: number): Pattern {
  const cells = 2 + draw.below(5);
  const coarse = lattice(draw, cells, side);
  const fine = lattice(draw, 2 * cells + 1, side);
  return (x, y) => (coarse(x, y) + 0.5 * fine(x, y)) / 1.5;
}

function lattice(draw: Draw, cells: number, side: number): Pattern {
  const width = cells + 1;
  const values = Float32Array.from({ length: width * width }, () => draw.unit());
  const step = cells / side;
  return (x, y) => {
    const column = Math.floor(x * step);
    const row = Math.floor(y * step);
    const tx = ease(x * step - column);
    const ty = ease(y * step - row);
    const i = row * width + column;
    const above = values[i] + (values[i + 1] - values[i]) * tx;
    const below = values[i + width] + (values[i + width + 1] - values[i + width]) * tx;
    return above + (below - above) * ty;
  };
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Least distance in RGB between the object's colour and the background's: visible, not always striking. */
const CONTRAST = 75;
/** Share of the objects that have their class's hue, and how far it strays (in turns of the colour circle). */
const TYPICAL = 0.8;
const STRAY = 0.07;

/** The object's colour: its class's hue, or any, but never too near the background's. */
function contrasting(draw: Draw, ground: Colour, label: number): Colour {
  const typical = draw.unit() < TYPICAL;
  for (;;) {
    const hue = label / SHAPES.length + STRAY * (draw.unit() + draw.unit() - 1) * 2;
    const colour = typical ? ofHue(hue, draw.range(0.45, 0.95), draw.range(90, 245)) : draw.colour();
    if (Math.hypot(colour[0] - ground[0], colour[1] - ground[1], colour[2] - ground[2]) >= CONTRAST) return colour;
  }
}

/** RGB of a hue in turns, a saturation 0..1 and a brightness 0..255. */
function ofHue(hue: number, saturation: number, value: number): Colour {
  const channel = (offset: number): number => {
    const turn = (((hue + offset) % 1) + 1) % 1;
    const ramp = Math.min(1, Math.max(0, Math.abs(turn * 6 - 3) - 1));
    return value * (1 - saturation * (1 - ramp));
  };
  return [channel(0), channel(2 / 3), channel(1 / 3)];
}

/** A shape put somewhere: what takes a pixel to the shape's own coordinates, and how far it reaches. */
interface Placed {
  shape: Distance;
  x: number;
  y: number;
  /** Pixels to shape coordinates, [a, b; c, d] applied to (px - x, py - y). */
  a: number;
  b: number;
  c: number;
  d: number;
  /** Pixels that a unit of shape distance spans at least. */
  scale: number;
  /** Pixels from the centre beyond which nothing is painted. */
  reach: number;
  /** The same as a squared distance in shape coordinates, which rules out a stretched shape's corners too. */
  bound: number;
}

/** How far from its centre a shape's corners may lie, in its own units. */
const EXTENT = 1.2;

/** Turned by `angle`, `radius` pixels per unit, and stretched by `stretch` across and its inverse down before the turn. */
function posed(shape: Distance, x: number, y: number, radius: number, angle: number, stretch = 1, mirror = 1): Placed {
  const cos = Math.cos(angle) / radius;
  const sin = Math.sin(angle) / radius;
  const across = mirror / stretch;
  const extent = Math.max(stretch, 1 / stretch);
  return {
    shape,
    x,
    y,
    a: cos * across,
    b: sin * across,
    c: -sin * stretch,
    d: cos * stretch,
    scale: radius / extent,
    reach: EXTENT * radius * extent + 1,
    bound: (EXTENT + extent / radius) ** 2,
  };
}

/** The object: 30 to 75 % of the side, any turn, mostly inside. */
function place(draw: Draw, side: number, shape: Distance): Placed {
  const radius = (side / 2) * draw.range(0.34, 0.75);
  const margin = 0.85 * radius;
  const x = draw.range(margin, side - margin);
  const y = draw.range(margin, side - margin);
  return posed(shape, x, y, radius, draw.range(0, 2 * Math.PI), Math.exp(draw.range(-0.15, 0.15)), draw.sign());
}

/** Kinds of distractor: a bar, an L, a chip, a cap of a disc, two dots. */
const CLUTTER: ((draw: Draw) => Distance)[] = [
  (draw) => capsule(0.85, draw.range(0.07, 0.16)),
  (draw) => bent(draw.range(0.1, 0.18)),
  (draw) => chip(draw),
  () => hollow(disc(1), (x, y) => box(1.1, 0.5)(x, y - 0.4)),
  (draw) => pair(draw.range(0.25, 0.4)),
];

/** Something small that is no class, anywhere. */
function distractor(draw: Draw, side: number): Placed {
  const shape = CLUTTER[draw.below(CLUTTER.length)](draw);
  const radius = side * draw.range(0.07, 0.2);
  return posed(shape, draw.range(0, side), draw.range(0, side), radius, draw.range(0, 2 * Math.PI), 1, draw.sign());
}

function bent(radius: number): Distance {
  const leg = capsule(0.7, radius);
  return (x, y) => Math.min(leg(x - 0.2, y + 0.5), leg(y - 0.2, x + 0.5));
}

/** An irregular quadrilateral, one side much shorter than the others. */
function chip(draw: Draw): Distance {
  return polygon([
    -1,
    draw.range(-0.3, 0),
    draw.range(-0.5, 0),
    -0.6,
    0.9,
    draw.range(-0.5, -0.2),
    draw.range(-0.2, 0.3),
    draw.range(0.2, 0.5),
  ]);
}

function pair(radius: number): Distance {
  const dot = disc(radius);
  return (x, y) => Math.min(dot(x - 0.6, y), dot(x + 0.6, y));
}

/** A thin bar over the object's rim: hides a little, never what tells the shape. */
function occluder(draw: Draw, { x, y, scale }: Placed): Placed {
  const towards = draw.range(0, 2 * Math.PI);
  const away = scale * draw.range(0.5, 1);
  const bar = capsule(0.7, draw.range(0.06, 0.13));
  return posed(bar, x + away * Math.cos(towards), y + away * Math.sin(towards), scale, draw.range(0, 2 * Math.PI));
}

/** How a shape is coloured: between two colours, by a pattern in its own coordinates. */
interface Fill {
  from: Colour;
  to: Colour;
  pattern: Pattern;
}

function fill(draw: Draw, from: Colour): Fill {
  const to = draw.near(from, draw.sign() * draw.range(20, 70), 25);
  return { from, to, pattern: fillPattern(draw) };
}

/** Flat, striped, dotted or a gradient. */
function fillPattern(draw: Draw): Pattern {
  const kind = draw.below(4);
  const frequency = draw.range(4, 9);
  const angle = draw.range(0, Math.PI);
  const ux = frequency * Math.cos(angle);
  const uy = frequency * Math.sin(angle);
  if (kind === 0) return () => 0;
  if (kind === 1) return (x, y) => (Math.sin(ux * x + uy * y) > 0 ? 1 : 0);
  if (kind === 2) return (x, y) => (Math.sin(ux * x + uy * y) * Math.sin(uy * x - ux * y) > 0.35 ? 1 : 0);
  return (x, y) => Math.min(1, Math.max(0, 0.5 + (ux * x + uy * y) / (2 * frequency)));
}

/** Paints a shape over the canvas; where it covers half a pixel or more, `mask` becomes `value`. */
function stamp({ side, rgb }: Canvas, placed: Placed, { from, to, pattern }: Fill, mask?: Uint8Array, value = 0) {
  const { x, y, a, b, c, d, reach } = placed;
  const left = Math.max(0, Math.floor(x - reach));
  const right = Math.min(side - 1, Math.ceil(x + reach));
  const bottom = Math.min(side - 1, Math.ceil(y + reach));
  for (let py = Math.max(0, Math.floor(y - reach)); py <= bottom; py++) {
    for (let px = left; px <= right; px++) {
      const dx = px + 0.5 - x;
      const dy = py + 0.5 - y;
      const u = a * dx + b * dy;
      const v = c * dx + d * dy;
      const covered = coverage(placed, u, v);
      if (covered === 0) continue;
      if (mask && covered >= 0.5) mask[py * side + px] = value;
      const t = pattern(u, v);
      const i = 3 * (py * side + px);
      for (let k = 0; k < 3; k++) rgb[i + k] += (from[k] + (to[k] - from[k]) * t - rgb[i + k]) * covered;
    }
  }
}

/** Share of the pixel around (u, v) that the shape covers: four samples where an edge may cross it. */
function coverage({ shape, a, b, c, d, scale, bound }: Placed, u: number, v: number): number {
  if (u * u + v * v > bound) return 0;
  const distance = shape(u, v) * scale;
  // Half a pixel's diagonal, and what the samples' own soft edge adds.
  if (distance > 1) return 0;
  if (distance < -1) return 1;
  const au = a / 4;
  const bu = b / 4;
  const cv = c / 4;
  const dv = d / 4;
  const sum =
    soft(shape(u - au - bu, v - cv - dv) * scale) +
    soft(shape(u + au - bu, v + cv - dv) * scale) +
    soft(shape(u - au + bu, v - cv + dv) * scale) +
    soft(shape(u + au + bu, v + cv + dv) * scale);
  return sum / 4;
}

/** A sample stands for half a pixel: its edge is that wide. */
function soft(distance: number): number {
  return Math.min(1, Math.max(0, 0.5 - 2 * distance));
}

/** Adds pixel noise and rounds into planes. */
function develop({ side, rgb }: Canvas, image: Uint8Array, draw: Draw) {
  const area = side * side;
  const noise = draw.range(4, 26);
  for (let i = 0, from = 0; i < area; i++) {
    for (let c = 0; c < 3; c++, from++) {
      const value = rgb[from] + noise * draw.triangle() + 0.5;
      image[c * area + i] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}
