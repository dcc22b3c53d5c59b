/**
 * Detections against objects, class by class, as the COCO evaluation does it (cocodataset/cocoapi, cocoeval.py): each
 * detection in order of score takes the free object that it overlaps most, and from hits and misses follow the curves.
 */
import { area, type Box } from "../geometry/boxes";

/** Points at which a precision-recall curve is read: 0, 0.01, ..., 1, to the bits numpy.linspace gives, which decide ties. */
export const RECALLS = Array.from({ length: 101 }, (_, i) => i * 0.01);
/** Detections of an image and class that count, the best first. */
export const MAX_DETECTIONS = 100;
/** numpy.spacing(1), which keeps cocoeval's precision finite. */
const EPSILON = 2 ** -52;
/** A threshold of 1 would ask for equality that no arithmetic gives. */
const STRICTEST = 1 - 1e-10;

/** An object as one evaluation sees it. */
export interface Wanted {
  box: Box;
  /** Finding it is neither hit nor mistake, missing it no miss. */
  ignored: boolean;
  /** Ignored too, and matched by any number of detections, each by the share of itself that lies inside. */
  crowd: boolean;
}

/** Overlap of every detection (rows) with every object (columns), f64 [detections, objects]; for crowds the share inside. */
export function overlaps(boxes: readonly Box[], wanted: readonly Wanted[]): Float64Array {
  const out = new Float64Array(boxes.length * wanted.length);
  const sizes = wanted.map(({ box }) => area(box));
  for (const [d, a] of boxes.entries()) {
    const own = area(a);
    for (const [g, { box: b, crowd }] of wanted.entries()) {
      const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
      const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
      if (width <= 0 || height <= 0) continue;
      const both = width * height;
      out[d * wanted.length + g] = both / (crowd ? own : own + sizes[g] - both);
    }
  }
  return out;
}

/** What became of an image's detections of a class. Bit t of a word stands for the t-th threshold. */
export interface Judgement {
  hits: Uint16Array;
  /** Detections that count neither as hit nor as mistake. */
  ignored: Uint16Array;
}

/**
 * Matches detections, best score first, to objects at up to 16 thresholds. `stray` marks detections that are ignored where
 * they match nothing.
 */
export function judge(ious: Float64Array, wanted: readonly Wanted[], thresholds: readonly number[], stray: ArrayLike<number>): Judgement {
  const count = stray.length;
  const hits = new Uint16Array(count);
  const ignored = new Uint16Array(count);
  // Objects that count come first: a detection that fits one never goes to an ignored one.
  const order = wanted.map((_, g) => g).sort((a, b) => Number(wanted[a].ignored) - Number(wanted[b].ignored));
  for (const [t, threshold] of thresholds.entries()) {
    const taken = new Uint8Array(wanted.length);
    for (let d = 0; d < count; d++) {
      const match = bestFree(ious.subarray(d * wanted.length, (d + 1) * wanted.length), wanted, order, taken, threshold);
      if (match < 0) {
        if (stray[d]) ignored[d] |= 1 << t;
        continue;
      }
      taken[match] = 1;
      hits[d] |= 1 << t;
      if (wanted[match].ignored) ignored[d] |= 1 << t;
    }
  }
  return { hits, ignored };
}

/** The object of greatest overlap that is still to be had, the later of equals; -1 where none reaches the threshold. */
function bestFree(row: Float64Array, wanted: readonly Wanted[], order: number[], taken: Uint8Array, threshold: number): number {
  let best = Math.min(threshold, STRICTEST);
  let match = -1;
  for (const g of order) {
    if (taken[g] && !wanted[g].crowd) continue;
    if (match >= 0 && wanted[g].ignored && !wanted[match].ignored) break;
    if (row[g] < best) continue;
    best = row[g];
    match = g;
  }
  return match;
}

/** Precision at each of `RECALLS`, made monotone, and the recall that all detections reach together. */
export interface Curve {
  precision: Float64Array;
  recall: number;
}

/** Verdicts on the detections of one class over all images. */
export class Verdicts {
  /** Objects that count. */
  wanted = 0;
  private readonly scores: number[] = [];
  /** Place of each detection in its image, from 0. */
  private readonly ranks: number[] = [];
  private readonly hits: number[] = [];
  private readonly ignored: number[] = [];
  private order: Uint32Array | undefined;

  /** Adds an image: scores in descending order, and what they were worth. */
  add(scores: readonly number[], { hits, ignored }: Judgement, wanted: readonly Wanted[]): void {
    for (const object of wanted) if (!object.ignored) this.wanted++;
    for (const [rank, score] of scores.entries()) {
      this.scores.push(score);
      this.ranks.push(rank);
      this.hits.push(hits[rank]);
      this.ignored.push(ignored[rank]);
    }
    this.order = undefined;
  }

  /** The curve at threshold t with at most `limit` detections per image; undefined where there is nothing to find. */
  curve(t: number, limit = MAX_DETECTIONS): Curve | undefined {
    if (this.wanted === 0) return undefined;
    const hits: boolean[] = [];
    for (const i of this.byScore()) {
      if (this.ranks[i] < limit && !((this.ignored[i] >> t) & 1)) hits.push(((this.hits[i] >> t) & 1) === 1);
    }
    return curveOf(hits, this.wanted);
  }

  /** Equal scores keep the order in which they came. */
  private byScore(): Uint32Array {
    this.order ??= Uint32Array.from(this.scores.keys()).sort((a, b) => this.scores[b] - this.scores[a] || a - b);
    return this.order;
  }
}

/** The curve of detections in order of score, each a hit or a mistake, where `wanted` objects were to be found. */
export function curveOf(hits: readonly boolean[], wanted: number): Curve {
  const recalls = new Float64Array(hits.length);
  const precisions = new Float64Array(hits.length);
  let right = 0;
  for (const [i, hit] of hits.entries()) {
    if (hit) right++;
    recalls[i] = right / wanted;
    precisions[i] = right / (i + 1 + EPSILON);
  }
  return { precision: sampled(recalls, precisions), recall: recalls.at(-1) ?? 0 };
}

/** The best precision at or beyond each recall; 0 beyond the last. */
function sampled(recalls: Float64Array, precisions: Float64Array): Float64Array {
  const out = new Float64Array(RECALLS.length);
  for (let i = precisions.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i], precisions[i + 1]);
  for (let r = 0, i = 0; r < RECALLS.length; r++) {
    while (i < recalls.length && recalls[i] < RECALLS[r]) i++;
    if (i < recalls.length) out[r] = precisions[i];
  }
  return out;
}

/** Mean of what there is; NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
