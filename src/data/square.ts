/**
 * Any picture to a square one: the middle is cut out, then shrunk by averaging areas or enlarged bilinearly.
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

/** Cuts and resizes planes u8 [channels, height, width] to [channels, side, side]. */
export function squared(planes: Uint8Array, channels: number, height: number, width: number, side: number): Uint8Array {
  const from = Math.min(height, width);
  if (from === side && height === width) return planes.slice();
  const left = Math.floor((width - from) / 2);
  const top = Math.floor((height - from) / 2);
  const taps = tapsOf(from, side);
  const out = new Uint8Array(channels * side * side);
  const rows = new Float32Array(from * side);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < from; y++) across(planes, (c * height + top + y) * width + left, taps, rows, y * side, side);
    for (let y = 0; y < side; y++) down(rows, taps, y, out, (c * side + y) * side, side);
  }
  return out;
}

/** The middle of an interleaved RGBA picture, over white, as planes u8 [3, side, side]. */
export function squaredRgba(rgba: Uint8Array | Uint8ClampedArray, width: number, height: number, side: number): Uint8Array {
  const from = Math.min(height, width);
  const left = Math.floor((width - from) / 2);
  const top = Math.floor((height - from) / 2);
  const planes = new Uint8Array(3 * from * from);
  for (let y = 0, i = 0; y < from; y++) {
    for (let x = 0; x < from; x++, i++) {
      const at = 4 * ((top + y) * width + left + x);
      const opaque = rgba[at + 3] / 255;
      for (let c = 0; c < 3; c++) planes[c * from * from + i] = Math.round(255 + (rgba[at + c] - 255) * opaque);
    }
  }
  return squared(planes, 3, from, from, side);
}

/** The taps of the last sizes: a data set's pictures mostly share theirs. */
let recent = { from: 0, to: 0, taps: undefined as Taps | undefined };

function tapsOf(from: number, to: number): Taps {
  if (!recent.taps || recent.from !== from || recent.to !== to) recent = { from, to, taps: makeTaps(from, to) };
  return recent.taps!;
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
