/** Painting one generated picture: background, shapes, noise. */
import { type Colour, type Draw, ofHue } from "./draw";
import type { Distance } from "./shapes";

/** The picture while it is painted: floats, three per pixel. */
export interface Canvas {
  side: number;
  rgb: Float32Array;
}

/** A texture's value at (x, y), 0..1. */
type Pattern = (x: number, y: number) => number;

/** Paints a gradient under a texture of low contrast and returns the colour at its middle. */
export function background({ side, rgb }: Canvas, draw: Draw): Colour {
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

/** Two thirds of the way to its own grey, so that colour sets apart what stands before it. */
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

/** An object's colour: near `hue`, its class's own in turns, or any; but never too near the background's. */
export function contrasting(draw: Draw, ground: Colour, hue: number): Colour {
  const typical = draw.unit() < TYPICAL;
  for (;;) {
    const near = hue + STRAY * (draw.unit() + draw.unit() - 1) * 2;
    const colour = typical ? ofHue(near, draw.range(0.45, 0.95), draw.range(90, 245)) : draw.colour();
    if (Math.hypot(colour[0] - ground[0], colour[1] - ground[1], colour[2] - ground[2]) >= CONTRAST) return colour;
  }
}

/** A shape put somewhere: what takes a pixel to the shape's own coordinates, and how far it reaches. */
export interface Placed {
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
export function posed(shape: Distance, x: number, y: number, radius: number, angle: number, stretch = 1, mirror = 1): Placed {
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

/** How a shape is coloured: between two colours, by a pattern in its own coordinates. */
interface Fill {
  from: Colour;
  to: Colour;
  pattern: Pattern;
}

export function fill(draw: Draw, from: Colour): Fill {
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
export function stamp({ side, rgb }: Canvas, placed: Placed, { from, to, pattern }: Fill, mask?: Uint8Array, value = 0) {
  eachPixel(side, placed, (pixel, u, v) => {
    const covered = coverage(placed, u, v);
    if (covered === 0) return;
    if (mask && covered >= 0.5) mask[pixel] = value;
    const t = pattern(u, v);
    for (let k = 0, i = 3 * pixel; k < 3; k++, i++) rgb[i] += (from[k] + (to[k] - from[k]) * t - rgb[i]) * covered;
  });
}

/** The pixels of a picture, as row * side + column, whose centre a shape covers. */
export function silhouette(side: number, placed: Placed): number[] {
  const pixels: number[] = [];
  eachPixel(side, placed, (pixel, u, v) => {
    if (placed.shape(u, v) <= 0) pixels.push(pixel);
  });
  return pixels;
}

/** Visits every pixel that a shape may reach, as row * side + column, with its centre in the shape's coordinates. */
function eachPixel(side: number, { x, y, a, b, c, d, reach, bound }: Placed, visit: (pixel: number, u: number, v: number) => void) {
  const left = Math.max(0, Math.floor(x - reach));
  const right = Math.min(side - 1, Math.ceil(x + reach));
  const bottom = Math.min(side - 1, Math.ceil(y + reach));
  for (let py = Math.max(0, Math.floor(y - reach)); py <= bottom; py++) {
    for (let px = left; px <= right; px++) {
      const dx = px + 0.5 - x;
      const dy = py + 0.5 - y;
      const u = a * dx + b * dy;
      const v = c * dx + d * dy;
      if (u * u + v * v <= bound) visit(py * side + px, u, v);
    }
  }
}

/** Share of the pixel around (u, v) that the shape covers: four samples where an edge may cross it. */
function coverage({ shape, a, b, c, d, scale }: Placed, u: number, v: number): number {
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

/** Adds pixel noise and rounds into planes [3, side, side], or interleaved [side, side, 3]. */
export function develop({ side, rgb }: Canvas, image: Uint8Array, draw: Draw, interleaved = false) {
  const area = side * side;
  const [perChannel, perPixel] = interleaved ? [1, 3] : [area, 1];
  const noise = draw.range(4, 26);
  for (let i = 0, from = 0; i < area; i++) {
    for (let c = 0; c < 3; c++, from++) {
      const value = rgb[from] + noise * draw.triangle() + 0.5;
      image[c * perChannel + i * perPixel] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}
