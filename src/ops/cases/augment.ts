/** Augmentation of images beside the same draws. */
import { uniform } from "../../engine/random";
import { mixPairs, randAugment, randomErasing, randomResizedCrop, shiftAndMirror } from "../augment";
import { type Check, randoms } from "../evidence";
import { crossEntropy } from "../losses";
import { asOp } from "../losses.fixture";
import { logSoftmax64 } from "../softmax.fixture";

/** The window of an image by its 23 draws: the first of ten attempts of at most `limit` pixels a side; none gives size 0. */
function window64(draw: (j: number) => number, side: number, limit: number, o: { least: number; most: number; shape: number }) {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = o.least + (o.most - o.least) * draw(3 + 2 * attempt);
    const shape = o.shape ** (2 * draw(4 + 2 * attempt) - 1);
    const [wide, high] = [Math.round(side * Math.sqrt(area * shape)), Math.round(side * Math.sqrt(area / shape))];
    if (wide < 1 || high < 1 || wide > limit || high > limit) continue;
    return { x: Math.floor(draw(0) * (side - wide + 1)), y: Math.floor(draw(1) * (side - high + 1)), wide, high };
  }
  return { x: 0, y: 0, wide: 0, high: 0 };
}

/** The windows of crops by their draws; none fits, none is cut. */
export function crops64(batch: number, side: number, o: { least: number; most: number; shape: number }, stream = 0x303) {
  return Array.from({ length: batch }, (_, b) => {
    const draw = (j: number) => uniform(3, stream, 7, 23 * b + j);
    const found = window64(draw, side, side, o);
    return { ...(found.wide ? found : { x: 0, y: 0, wide: side, high: side }), mirrored: draw(2) < 0.5, fitted: found.wide > 0 };
  });
}

/** What those windows of images show, at `out` pixels; window number b is of image b % the number of images. */
export function cropped64(
  images: Float64Array,
  windows: ReturnType<typeof crops64>,
  channels: number,
  side: number,
  out: number,
): Float64Array {
  return Float64Array.from({ length: windows.length * channels * out * out }, (_, i) => {
    const plane = Math.floor(i / out / out) % (images.length / side / side);
    const { x, y, wide, high, mirrored } = windows[Math.floor(i / out / out / channels)];
    const col = mirrored ? out - 1 - (i % out) : i % out;
    const along = (at: number, size: number) => Math.min(size - 1, Math.max(0, ((at + 0.5) * size) / out - 0.5));
    const [u, v] = [along(col, wide), along(Math.floor(i / out) % out, high)];
    const at = (a: number, b: number) => images[(plane * side + y + Math.min(high - 1, b)) * side + x + Math.min(wide - 1, a)];
    const line = (b: number) => at(Math.floor(u), b) * (1 - (u % 1)) + at(Math.floor(u) + 1, b) * (u % 1);
    return line(Math.floor(v)) * (1 - (v % 1)) + line(Math.floor(v) + 1) * (v % 1);
  });
}

interface Shape {
  batch: number;
  channels: number;
  side: number;
}

export const MOMENTS = { mean: [0.48, 0.45, 0.4], std: [0.23, 0.22, 0.25] };

/** Images of whole grey levels, normalised. */
export function levels({ batch, channels, side }: Shape): Float64Array {
  const normalised = (v: number, i: number) => {
    const c = Math.floor(i / side / side) % channels;
    return (Math.floor(128 * (v + 1)) / 255 - MOMENTS.mean[c]) / MOMENTS.std[c];
  };
  return randoms(batch * channels * side * side, 8).map(normalised);
}

/** Views of one image that both sets of operations are made of. */
function reader(images: Float64Array, { channels, side }: Shape, b: number) {
  const area = side * side;
  const raw = (c: number, x: number, y: number) =>
    x < 0 || y < 0 || x >= side || y >= side ? 0 : images[(b * channels + c) * area + y * side + x];
  const unit = (c: number, x: number, y: number) => Math.min(1, Math.max(0, raw(c, x, y) * MOMENTS.std[c] + MOMENTS.mean[c]));
  const grey = (x: number, y: number) =>
    channels === 3 ? 0.299 * unit(0, x, y) + 0.587 * unit(1, x, y) + 0.114 * unit(2, x, y) : unit(0, x, y);
  let average = 0;
  for (let i = 0; i < area; i++) average += grey(i % side, Math.floor(i / side)) / area;
  const bilinear = (c: number, x: number, y: number) => {
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const at = (dx: number, dy: number) => raw(c, x0 + dx, y0 + dy) * Math.abs(1 - dx - (x - x0)) * Math.abs(1 - dy - (y - y0));
    return at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1);
  };
  return { raw, unit, grey, average, bilinear };
}

/** What each kind makes of the pixel (x, y) of channel c, at a strength in -1..1; the five of movement first. */
function kinds64(of: ReturnType<typeof reader>, side: number, signed: number, c: number, x: number, y: number) {
  const [dx, dy] = [x - (side - 1) / 2, y - (side - 1) / 2];
  const angle = (signed * Math.PI) / 6;
  const [v, strength] = [of.unit(c, x, y), Math.abs(signed)];
  const coloured = (value: number) => (value - MOMENTS.mean[c]) / MOMENTS.std[c];
  const enhanced = (base: number) => coloured(Math.min(1, Math.max(0, base + Math.max(0.1, 1 + 0.9 * signed) * (v - base))));
  const moved = [
    () => of.bilinear(c, x + 0.3 * signed * dy, y),
    () => of.bilinear(c, x, y + 0.3 * signed * dx),
    () => of.bilinear(c, x + 0.45 * signed * side, y),
    () => of.bilinear(c, x, y + 0.45 * signed * side),
    () => of.bilinear(c, x - dx + Math.cos(angle) * dx - Math.sin(angle) * dy, y - dy + Math.sin(angle) * dx + Math.cos(angle) * dy),
    () => enhanced(0),
    () => enhanced(of.average),
    () => enhanced(of.grey(x, y)),
  ];
  const posterized = (lost: number) => coloured((Math.floor(Math.round(255 * v) / 2 ** lost) * 2 ** lost) / 255);
  const solarized = () => coloured(Math.round(255 * v) >= 256 * (1 - strength) ? 1 - v : v);
  return { moved, v, strength, coloured, enhanced, posterized, solarized };
}

type Round = (images: Float64Array, shape: Shape, draw: (i: number) => number, magnitude: number, met: Set<number>) => Float64Array;

/** The answers of `kind` for all pixels of image b. */
function fill(out: Float64Array, { channels, side }: Shape, b: number, answer: (c: number, x: number, y: number) => number) {
  for (let i = 0; i < channels * side * side; i++)
    out[b * channels * side * side + i] = answer(Math.floor(i / side / side), i % side, Math.floor(i / side) % side);
}

/** One round of RandAugment in float64; `met` collects the kinds it met. */
const basic64: Round = (images, shape, draw, magnitude, met) => {
  const { side } = shape;
  const out = Float64Array.from(images);
  for (let b = 0; b < shape.batch; b++) {
    const [u0, u1, u2, u3] = [0, 1, 2, 3].map((j) => draw(4 * b + j));
    if (u1 >= 0.5) continue;
    const kind = Math.floor(11 * u0);
    met.add(kind);
    const of = reader(images, shape, b);
    fill(out, shape, b, (c, x, y) => {
      const { moved, strength, posterized, solarized } = kinds64(of, side, (u2 < 0.5 ? -magnitude : magnitude) / 10, c, x, y);
      const reach = strength * (40 / 224) * side;
      const cut = Math.abs(x + 0.5 - side * u2) < reach && Math.abs(y + 0.5 - side * u3) < reach;
      return [...moved, () => posterized(Math.round(4 * strength)), solarized, () => (cut ? 0 : of.raw(c, x, y))][kind]();
    });
  }
  return out;
};

/** Pillow's equalize of levels 0..255 counted in `counts`: the new level of each. */
function equalized64(counts: number[]): number[] {
  const pixels = counts.reduce((a, v) => a + v);
  const step = Math.floor((pixels - counts[counts.findLastIndex((v) => v > 0)]) / 255);
  let sum = Math.floor(step / 2);
  return counts.map((count, level) => {
    const found = step ? Math.min(255, Math.floor(sum / step)) : level;
    sum += count;
    return found;
  });
}

/** One round of timm's set, in the order of this project's kinds. */
const full64: Round = (images, shape, draw, magnitude, met) => {
  const { side } = shape;
  const out = Float64Array.from(images);
  for (let b = 0; b < shape.batch; b++) {
    const [u0, u1, u2, , u4, u5] = [0, 1, 2, 3, 4, 5].map((j) => draw(6 * b + j));
    if (u1 >= 0.5) continue;
    const kind = Math.floor(15 * u0);
    met.add(kind);
    const z = Math.sqrt(-2 * Math.log(1 - u4)) * Math.cos(2 * Math.PI * (u5 - 0.5));
    const own = Math.min(10, Math.max(0, magnitude + 0.5 * z)) / 10;
    const of = reader(images, shape, b);
    const planes = Array.from({ length: shape.channels }, (_, c) => {
      const levels = Array.from({ length: side * side }, (_, i) => Math.round(255 * of.unit(c, i % side, Math.floor(i / side))));
      const counts = new Array<number>(256).fill(0);
      for (const level of levels) counts[level]++;
      return { least: Math.min(...levels), greatest: Math.max(...levels), equal: equalized64(counts) };
    });
    fill(out, shape, b, (c, x, y) => {
      const { moved, v, strength, coloured, enhanced, posterized, solarized } = kinds64(of, side, u2 < 0.5 ? -own : own, c, x, y);
      const { least, greatest, equal } = planes[c];
      const level = Math.round(255 * v);
      const edge = x === 0 || y === 0 || x === side - 1 || y === side - 1;
      let around = 4 * v;
      for (const dy of [-1, 0, 1]) for (const dx of [-1, 0, 1]) around += of.unit(c, x + dx, y + dy);
      const stretched = greatest > least ? Math.min(1, Math.max(0, (255 * v - least) / (greatest - least))) : v;
      const answers = [
        ...[...moved, () => posterized(4 + Math.floor(4 * strength)), solarized],
        () => coloured(stretched),
        () => coloured(equal[level] / 255),
        () => coloured(1 - v),
        () => coloured(level < 128 ? Math.min(1, v + Math.floor(110 * strength) / 255) : v),
        () => enhanced(edge ? v : around / 13),
      ];
      return answers[kind]();
    });
  }
  return out;
};

export function shiftCase(batch: number, channels: number, side: number): Check {
  return {
    inputs: { images: { shape: [batch, channels, side, side] } },
    op: ({ images }) => shiftAndMirror(images, { seed: 3, step: 7 }),
    reference: ({ images }) => {
      const clamp = (v: number) => Math.min(side - 1, Math.max(0, v));
      const out = images.map((_, i) => {
        const image = Math.floor(i / side / side / channels);
        const [dx, dy, mirror] = [0, 1, 2].map((j) => uniform(3, 0x300, 7, 3 * image + j));
        const col = mirror < 0.5 ? side - 1 - (i % side) : i % side;
        const row = Math.floor(i / side) % side;
        const plane = Math.floor(i / side / side) * side * side;
        return images[plane + clamp(row + Math.floor(dy * 3) - 1) * side + clamp(col + Math.floor(dx * 3) - 1)];
      });
      return [out];
    },
  };
}

interface CropOptions extends Shape {
  least: number;
  shape: number;
}

export const cropCase = ({ batch, channels, side, least, shape }: CropOptions): Check => ({
  inputs: { images: { shape: [batch, channels, side, side] } },
  op: ({ images }) => randomResizedCrop(images, { seed: 3, step: 7, least, shape }),
  reference: ({ images }) => [cropped64(images, crops64(batch, side, { least, most: 1, shape }), channels, side, side)],
});

/** Windows that are erased in half of the images. */
export const erasures64 = (batch: number, side: number) =>
  Array.from({ length: batch }, (_, b) => {
    const draw = (j: number) => uniform(4, 0x304, 3, 23 * b + j);
    const found = window64(draw, side, side - 1, { least: 0.02, most: 1 / 3, shape: 10 / 3 });
    return draw(2) < 0.5 ? found : { x: 0, y: 0, wide: 0, high: 0 };
  });

/** Normal noise in the windows drawn. */
export const erasingCase = ({ batch, channels, side }: Shape): Check => ({
  inputs: { images: { shape: [batch, channels, side, side] } },
  op: ({ images }) => randomErasing(images, { seed: 4, step: 3, probability: 0.5 }),
  reference: ({ images }) => {
    const windows = erasures64(batch, side);
    const out = images.map((v, i) => {
      const { x, y, wide, high } = windows[Math.floor(i / side / side / channels)];
      const [col, row] = [(i % side) - x, (Math.floor(i / side) % side) - y];
      if (col < 0 || row < 0 || col >= wide || row >= high) return v;
      const [a, b] = [uniform(4, 0x305, 3, i - (i % 2)), uniform(4, 0x305, 3, i - (i % 2) + 1)];
      const angle = 2 * Math.PI * (b - 0.5);
      return Math.sqrt(-2 * Math.log(1 - a)) * (i % 2 ? Math.sin(angle) : Math.cos(angle));
    });
    return [out];
  },
  tolerance: 1e-4,
});

/** Two rounds of RandAugment; `met` collects the kinds that were drawn. */
export function randAugmentCase(operations: "basic" | "full", magnitude: number, shape: Shape, met = new Set<number>()): Check {
  const round64 = operations === "full" ? full64 : basic64;
  return {
    inputs: { images: { shape: [shape.batch, shape.channels, shape.side, shape.side], data: levels(shape) } },
    op: ({ images }) => randAugment(images, { seed: 5, step: 2, magnitude, moments: MOMENTS, operations }),
    reference: ({ images }) => {
      const round = (x: Float64Array, r: number) => round64(x, shape, (i) => uniform(5, 0x310 + r, 2, i), magnitude, met);
      return [round(round(images, 0), 1)];
    },
    tolerance: 3e-5, // a step of one grey level is 1.6e-2
  };
}

export const [batch, channels, side, classes] = [65, 2, 6, 4];
export const labels = Array.from({ length: batch }, (_, i) => (3 * i) % classes);
export const images = randoms(batch * channels * side * side, 6);

/** Images and targets as the plan says. */
export function by(plan: Float32Array, smoothing: number) {
  const each = channels * side * side;
  const pixels = images.map((own, i) => {
    const b = Math.floor(i / each);
    const [, weight, x0, y0, x1, y1] = plan.subarray(6 * b);
    const [x, y] = [i % side, Math.floor(i / side) % side];
    const w = x >= x0 && y >= y0 && x < x1 && y < y1 ? 0 : weight;
    return w * own + (1 - w) * images[(batch - 1 - b) * each + (i % each)];
  });
  const one = (label: number, c: number) => smoothing / classes + (1 - smoothing) * Number(label === c);
  const targets = Array.from({ length: batch * classes }, (_, i) => {
    const b = Math.floor(i / classes);
    const share = plan[6 * b];
    return share * one(labels[b], i % classes) + (1 - share) * one(labels[batch - 1 - b], i % classes);
  });
  return { pixels, targets };
}

/** Rows of the plan by the draws' own formula. */
export function plan64(step: number, mixup: number, cutmix: number): number[] {
  return Array.from({ length: batch }, (_, b) => {
    const [which, u, v, cx, cy] = [0, 1, 2, 3, 4].map((j) => uniform(2, 0x301, step, 5 * b + j));
    const cuts = cutmix > 0 && (mixup === 0 || which < 0.5);
    const a = cuts ? cutmix : mixup;
    if (a === 0) return [1, 1, 0, 0, 0, 0];
    const c = Math.cos(2 * Math.PI * (v - 0.5));
    const share = 0.5 + (0.5 * (c < 0 ? -1 : 1)) / Math.sqrt(1 + 1 / (((1 - u) ** (-1 / a) - 1) * c * c));
    if (!cuts) return [share, share, 0, 0, 0, 0];
    const reach = Math.floor(Math.floor(side * Math.sqrt(1 - share)) / 2);
    const span = (at: number) => [Math.max(0, Math.floor(side * at) - reach), Math.min(side, Math.floor(side * at) + reach)];
    const [[x0, x1], [y0, y1]] = [span(cx), span(cy)];
    return [1 - ((x1 - x0) * (y1 - y0)) / side ** 2, 1, x0, y0, x1, y1];
  }).flat();
}

/** Cross entropy of mixed targets. */
export const mixedTargetsCase = (): Check => ({
  inputs: {
    ...{ z: { shape: [batch, classes], grad: true }, x: { shape: [batch, 1, side, side] } },
    y: { shape: [batch], data: labels, dtype: "u32" },
  },
  op: ({ z, x, y }, graph) => {
    const { targets } = mixPairs(x, y, { seed: 2, step: 3, mixup: 0.8, cutmix: 1, smoothing: 0.1, classes });
    return asOp(graph, crossEntropy(z, { targets }));
  },
  reference: ({ z }) => {
    const { targets } = by(Float32Array.from(plan64(3, 0.8, 1)), 0.1);
    const logs = logSoftmax64(z, classes);
    return [[targets.reduce((sum, t, i) => sum - (t * logs[i]) / batch, 0)]];
  },
});

/** Images and targets, mixed by pairs. */
export const mixPairsCase = (): Check => ({
  inputs: { x: { shape: [batch, channels, side, side], data: images }, y: { shape: [batch], data: labels, dtype: "u32" } },
  op: ({ x, y }) => {
    const mixed = mixPairs(x, y, { seed: 2, step: 1, mixup: 0.8, cutmix: 1, smoothing: 0.1, classes });
    return [mixed.images, mixed.targets];
  },
  reference: () => {
    const { pixels, targets } = by(Float32Array.from(plan64(1, 0.8, 1)), 0.1);
    return [pixels, targets];
  },
  tolerance: 1e-4,
});
