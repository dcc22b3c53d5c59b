/**
 * Any picture to a square one: its middle, or the whole of it with something left around. Pictures are shrunk by averaging
 * areas or enlarged bilinearly.
 *
 * Averaging covers every source pixel exactly once, so a shrunk picture neither aliases nor depends on the browser's own
 * filter, and the browser and the command line get the same bytes from the same pixels.
 */

/** Which source pixels make up each target pixel, and with what weights. */
interface Taps {
  /** First source pixel of each target pixel. */
  first: Int32Array;
  /** Weights of target pixel i: `width` of them from i * width on; they add up to 1. */
  weights: Float32Array;
  width: number;
}

/** A rectangle of pixels. */
export interface Rectangle {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Cuts and resizes planes u8 [channels, height, width] to [channels, side, side]. */
export function squared(planes: Uint8Array, channels: number, height: number, width: number, side: number): Uint8Array {
  if (height === side && width === side) return planes.slice();
  return resized(planes, channels, { width, height }, middle(width, height), side, side);
}

/** The middle of an interleaved RGBA picture, over white, as planes u8 [3, side, side]. */
export function squaredRgba(rgba: Uint8Array | Uint8ClampedArray, width: number, height: number, side: number): Uint8Array {
  const cut = middle(width, height);
  return squared(overWhite(rgba, width, cut), 3, cut.height, cut.width, side);
}

/** A whole interleaved RGBA picture, over white, at `to` on u8 [side, side, 3]; what is around it is black. */
export function fittedRgba(
  rgba: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  side: number,
  to = fitting(width, height, side),
): Uint8Array {
  const whole = { left: 0, top: 0, width, height };
  const planes = resized(overWhite(rgba, width, whole), 3, whole, whole, to.width, to.height);
  const out = new Uint8Array(3 * side * side);
  for (let i = 0, c = 0; c < 3; c++) {
    for (let y = 0; y < to.height; y++) {
      for (let x = 0; x < to.width; x++, i++) out[3 * ((to.top + y) * side + to.left + x) + c] = planes[i];
    }
  }
  return out;
}

/** Where a picture of any size lies on a square: as large as it fits, its proportions kept, in the middle. */
export function fitting(width: number, height: number, side: number): Rectangle {
  const scale = side / Math.max(width, height);
  const to = { width: Math.max(1, Math.round(scale * width)), height: Math.max(1, Math.round(scale * height)) };
  return { ...to, left: Math.floor((side - to.width) / 2), top: Math.floor((side - to.height) / 2) };
}

/** The largest square in the middle. */
function middle(width: number, height: number): Rectangle {
  const from = Math.min(height, width);
  return { left: Math.floor((width - from) / 2), top: Math.floor((height - from) / 2), width: from, height: from };
}

/** A part of an interleaved RGBA picture before white, as planes u8 [3, height, width]. */
function overWhite(rgba: Uint8Array | Uint8ClampedArray, stride: number, { left, top, width, height }: Rectangle): Uint8Array {
  const area = width * height;
  const planes = new Uint8Array(3 * area);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const at = 4 * ((top + y) * stride + left + x);
      const opaque = rgba[at + 3] / 255;
      for (let c = 0; c < 3; c++) planes[c * area + i] = Math.round(255 + (rgba[at + c] - 255) * opaque);
    }
  }
  return planes;
}

type Size = Pick<Rectangle, "width" | "height">;

/** A part of planes u8 [channels, height, width] at another size. */
function resized(planes: Uint8Array, channels: number, size: Size, part: Rectangle, width: number, height: number): Uint8Array {
  const [columns, lines] = [tapsOf(part.width, width), tapsOf(part.height, height)];
  const out = new Uint8Array(channels * width * height);
  const rows = new Float32Array(part.height * width);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < part.height; y++) {
      across(planes, (c * size.height + part.top + y) * size.width + part.left, columns, rows, y * width, width);
    }
    for (let y = 0; y < height; y++) down(rows, lines, y, out, (c * height + y) * width, width);
  }
  return out;
}

/** The taps of the last sizes: a data set's pictures mostly share theirs. */
let recent: { from: number; to: number; taps: Taps }[] = [];

function tapsOf(from: number, to: number): Taps {
  const known = recent.find((one) => one.from === from && one.to === to) ?? { from, to, taps: makeTaps(from, to) };
  recent = [known, ...recent.filter((one) => one !== known)].slice(0, 4);
  return known.taps;
}

function makeTaps(from: number, to: number): Taps {
  const scale = from / to;
  const width = Math.min(from, scale > 1 ? Math.ceil(scale) + 1 : 2);
  const first = new Int32Array(to);
  const weights = new Float32Array(to * width);
  for (let i = 0; i < to; i++) {
    const [low, share] = scale > 1 ? areaOf(i, scale) : between(i, scale, from);
    first[i] = Math.min(low, from - width);
    for (let k = 0; k < width; k++) weights[i * width + k] = share(first[i] + k);
  }
  return { first, weights, width };
}

/** Target pixel i covers [i, i + 1) * scale: each source pixel counts with the part of it that lies within. */
function areaOf(i: number, scale: number): [number, (source: number) => number] {
  const start = i * scale;
  const end = start + scale;
  return [Math.floor(start), (source) => Math.max(0, Math.min(end, source + 1) - Math.max(start, source)) / scale];
}

/** Target pixel i lies between two source pixels' centres; at the edges, on one. */
function between(i: number, scale: number, from: number): [number, (source: number) => number] {
  const at = Math.min(from - 1, Math.max(0, (i + 0.5) * scale - 0.5));
  return [Math.floor(at), (source) => Math.max(0, 1 - Math.abs(source - at))];
}

function across(planes: Uint8Array, from: number, { first, weights, width }: Taps, rows: Float32Array, to: number, side: number) {
  for (let x = 0; x < side; x++) {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += planes[from + first[x] + k] * weights[x * width + k];
    rows[to + x] = sum;
  }
}

function down(rows: Float32Array, { first, weights, width }: Taps, y: number, out: Uint8Array, to: number, side: number) {
  for (let x = 0; x < side; x++) {
    let sum = 0.5;
    for (let k = 0; k < width; k++) sum += rows[(first[y] + k) * side + x] * weights[y * width + k];
    out[to + x] = sum;
  }
}
