/**
 * Augmentation that keeps boxes and masks true: flip, zoom into a random window, light. What happens to an image is a pure function of
 * (seed, step, index), so a resumed run sees what it would have seen.
 */
import { uniform } from "../engine/random";
import { area, type Box, type GroundTruth } from "../geometry/boxes";
import type { Moments } from "./dataset";

/** Keeps these draws apart from other uses of the same seed. */
const STREAM = 0x101;
/** Draws reserved for one image. */
const DRAWS = 8;

/** Zoom factors, drawn evenly on a logarithmic scale; contrast and brightness stray by a share, single channels by less. */
const ZOOM = [0.7, 1.4];
const LIGHT = 0.2;
const TINT = 0.06;
/** Of a box at least this share, and this many pixels each way, must remain; what is left of a smaller one could not be recognised. */
const LEAST_SHARE = 0.3;
const LEAST_EDGE = 2;

/** What is done to one image. */
export interface Jitter {
  flip: boolean;
  /** Output pixels per image pixel; below 1 the rest of the output is empty. */
  zoom: number;
  /** Where the output's left and top edges lie on the image, in its pixels, before the flip. */
  left: number;
  top: number;
  /** Contrast around the middle grey, brightness added as a share of white, and a factor per channel. */
  contrast: number;
  brightness: number;
  tint: [number, number, number];
}

/** Leaves everything as it is. */
export const STILL: Jitter = { flip: false, zoom: 1, left: 0, top: 0, contrast: 1, brightness: 0, tint: [1, 1, 1] };

/** The jitter of the `index`-th image of a step's batch. */
export function jitter(seed: number, step: number, index: number, side: number): Jitter {
  const draw = (k: number) => uniform(seed, STREAM, step, DRAWS * index + k);
  const around = (k: number, spread: number) => spread * (2 * draw(k) - 1);
  const zoom = ZOOM[0] * (ZOOM[1] / ZOOM[0]) ** draw(0);
  const room = side - side / zoom;
  return {
    flip: draw(1) < 0.5,
    zoom,
    left: room * draw(2),
    top: room * draw(3),
    contrast: 1 + around(4, LIGHT),
    brightness: around(5, LIGHT / 2),
    tint: [1 + around(6, TINT), 1, 1 + around(7, TINT)],
  };
}

/** Where the objects are afterwards: clipped to the image, without those of which too little remains. Crowds stay anyway. */
export function jitteredTruths(truths: GroundTruth[], { flip, zoom, left, top }: Jitter, side: number): GroundTruth[] {
  return truths.flatMap(({ box: [x1, y1, x2, y2], area: _, ...truth }) => {
    const [a, b] = [(x1 - left) * zoom, (x2 - left) * zoom];
    const whole: Box = [flip ? side - b : a, (y1 - top) * zoom, flip ? side - a : b, (y2 - top) * zoom];
    const box = clipped(whole, side);
    const stays = Math.min(box[2] - box[0], box[3] - box[1]) >= LEAST_EDGE && area(box) >= LEAST_SHARE * area(whole);
    return stays || (truth.crowd && area(box) > 0) ? [{ ...truth, box }] : [];
  });
}

function clipped(box: Box, side: number): Box {
  const [x1, y1, x2, y2] = box.map((edge) => Math.min(side, Math.max(0, edge)));
  return [x1, y1, x2, y2];
}

/**
 * Writes an image u8 [side, side, 3], or [3, side, side] when `planar`, as normalised f32 of the same shape; what lies outside the
 * image is 0, the mean colour.
 */
export function jitteredImage(
  image: Uint8Array,
  side: number,
  { mean, std }: Moments,
  jitter: Jitter,
  out: Float32Array,
  planar = false,
): void {
  const { flip, contrast, brightness, tint } = jitter;
  const slope = std.map((s, c) => (contrast * tint[c]) / (255 * s));
  const shift = std.map((s, c) => (tint[c] * (0.5 - 0.5 * contrast + brightness) - mean[c]) / s);
  const columns = taps(side, jitter.zoom, jitter.left);
  const rows = taps(side, jitter.zoom, jitter.top);
  const [perPixel, perChannel] = planar ? [1, side * side] : [3, 1];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const to = perPixel * (y * side + (flip ? side - 1 - x : x));
      if (rows.first[y] < 0 || columns.first[x] < 0) {
        for (let c = 0; c < 3; c++) out[to + c * perChannel] = 0;
        continue;
      }
      const tx = columns.share[x];
      const ty = rows.share[y];
      const right = perPixel * (columns.next[x] - columns.first[x]);
      const above = perPixel * (rows.first[y] * side + columns.first[x]);
      const below = perPixel * (rows.next[y] * side + columns.first[x]);
      for (let c = 0, k = 0; c < 3; c++, k += perChannel) {
        const high = image[above + k] + (image[above + right + k] - image[above + k]) * tx;
        const low = image[below + k] + (image[below + right + k] - image[below + k]) * tx;
        out[to + k] = (high + (low - high) * ty) * slope[c] + shift[c];
      }
    }
  }
}

/** Writes the labels u8 [side, side] of an image, each pixel that of the nearest; `outside` where there is no image. */
export function jitteredLabels(labels: Uint8Array, side: number, jitter: Jitter, outside: number, out: Uint32Array): void {
  const columns = taps(side, jitter.zoom, jitter.left);
  const rows = taps(side, jitter.zoom, jitter.top);
  const nearest = ({ first, next, share }: ReturnType<typeof taps>, i: number) => (share[i] < 0.5 ? first[i] : next[i]);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const inside = rows.first[y] >= 0 && columns.first[x] >= 0;
      const to = y * side + (jitter.flip ? side - 1 - x : x);
      out[to] = inside ? labels[nearest(rows, y) * side + nearest(columns, x)] : outside;
    }
  }
}

/** Between which two pixels, and how far, each output pixel's centre lies; `first` is -1 outside the image. */
function taps(side: number, zoom: number, start: number) {
  const first = new Int32Array(side);
  const next = new Int32Array(side);
  const share = new Float32Array(side);
  for (let i = 0; i < side; i++) {
    const at = (i + 0.5) / zoom + start - 0.5;
    const inside = Math.min(side - 1, Math.max(0, at));
    first[i] = at < -0.5 || at > side - 0.5 ? -1 : Math.floor(inside);
    next[i] = Math.min(side - 1, first[i] + 1);
    share[i] = inside - first[i];
  }
  return { first, next, share };
}
