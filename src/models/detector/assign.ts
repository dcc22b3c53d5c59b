/**
 * Assignment: what each prior of an image is to answer, by ground truth and priors alone, so that it is decided on the CPU
 * when a batch is loaded.
 *
 * RetinaNet: by overlap (Lin et al. 2017). FCOS: points inside a box, by range of sizes (Tian et al. 2019). ATSS and GFL:
 * adaptive overlap of the nearest anchors (Zhang et al. 2020). All as mmdetection does them.
 */
import { area, type Box, type GroundTruth, iou } from "../../geometry/boxes";
import { type DetectorConfig, priorCounts, strides } from "./config";
import { priors } from "./priors";

/** One image's targets on one pyramid level with A priors. */
export interface LevelTargets {
  /** [A]: the class; K is background, K + 1 is ignored. */
  labels: Uint32Array;
  /** [A, 4]: the assigned box in pixels at positives, else zero. */
  boxes: Float32Array;
  /** [A]: FCOS and ATSS: centerness at positives; else 1. */
  weights: Float32Array;
  /** Positive priors. */
  positives: number;
}

export interface ImageTargets {
  levels: LevelTargets[];
  /** Positive priors on all levels. */
  positives: number;
  /** Sum of the positives' weights. */
  weight: number;
  /** Objects to be found, and those of them that no prior answers for. */
  objects: number;
  missed: number;
}

/** Index of the object a prior answers for; none: background, or neither. */
type Choice = Int32Array;
const BACKGROUND = -1;
const IGNORED = -2;

/**
 * The function that gives an image's targets. Crowds, difficult objects and boxes without area teach nothing; what would answer
 * for a hidden object, and for no other, is ignored. Classes are
 * those of `config` (0 to K - 1); a class outside is an error of the caller.
 */
export function assigner(config: DetectorConfig): (truths: readonly GroundTruth[]) => ImageTargets {
  const levels = priors(config).map(asBoxes);
  const choose = { retinanet: byOverlap, fcos: byRange, atss: adaptively, gfl: adaptively }[config.kind];
  return (truths) => {
    const objects = truths.filter(({ box, crowd, difficult }) => !crowd && !difficult && area(box) > 0);
    const stray = objects.find(({ category }) => !Number.isInteger(category) || category < 0 || category >= config.classes);
    if (stray) throw new Error(`assign: class ${stray.category} is not one of ${config.classes}`);
    const [seen, hidden] = [false, true].map((wanted) => objects.filter((object) => (object.hidden ?? false) === wanted));
    const [choice, other] = [seen, hidden].map((some) =>
      choose(
        levels,
        some.map(({ box }) => box),
        config,
      ),
    );
    return targets(config, seen, levels.flat(), hidden.length > 0 ? choice.map((c, i) => undecided(c, other[i])) : choice);
  };
}

/** Whom a prior answers for beside hidden objects. */
const undecided = (choice: number, hidden: number) => (choice === BACKGROUND && hidden !== BACKGROUND ? IGNORED : choice);

function targets(config: DetectorConfig, objects: GroundTruth[], flat: Box[], choice: Choice): ImageTargets {
  const weighted = config.kind === "fcos" || config.kind === "atss";
  let from = 0;
  let positives = 0;
  let weight = 0;
  const levels = priorCounts(config).map((count) => {
    const labels = Uint32Array.from(choice.subarray(from, from + count), (c) => labelOf(config, objects, c));
    const boxes = new Float32Array(4 * count);
    const weights = new Float32Array(count).fill(1);
    const before = positives;
    for (let i = 0; i < count; i++) {
      const object = objects[choice[from + i]];
      if (!object) continue;
      boxes.set(object.box, 4 * i);
      if (weighted) weights[i] = centerness(distances(centre(flat[from + i]), object.box));
      positives++;
      weight += weights[i];
    }
    from += count;
    return { labels, boxes, weights, positives: positives - before };
  });
  const answered = new Set(choice.filter((c) => c >= 0));
  return { levels, positives, weight, objects: objects.length, missed: objects.length - answered.size };
}

function labelOf({ classes }: DetectorConfig, objects: GroundTruth[], choice: number): number {
  if (choice >= 0) return objects[choice].category;
  return choice === IGNORED ? classes + 1 : classes;
}

/** IoU from which an anchor is positive, and below which it is background; between them it is ignored. */
const POSITIVE = 0.5;
const NEGATIVE = 0.4;

/** RetinaNet: each anchor takes the box it overlaps most; each box keeps its best anchor or anchors, however little they overlap. */
function byOverlap(levels: Box[][], boxes: Box[]): Choice {
  const anchors = levels.flat();
  const rows = boxes.map((box) => Float64Array.from(anchors, (anchor) => (apart(anchor, box) ? 0 : iou(anchor, box))));
  const choice = Int32Array.from(anchors, (_, a) => {
    let best = 0;
    for (let g = 1; g < rows.length; g++) if (rows[g][a] > rows[best][a]) best = g;
    const most = rows[best]?.[a] ?? 0;
    if (most >= POSITIVE) return best;
    return most < NEGATIVE ? BACKGROUND : IGNORED;
  });
  for (const [g, row] of rows.entries()) {
    const most = row.reduce((a, b) => Math.max(a, b), 0);
    if (most > 0) for (let a = 0; a < row.length; a++) if (row[a] === most) choice[a] = g;
  }
  return choice;
}

function apart(a: Box, b: Box): boolean {
  return a[0] >= b[2] || b[0] >= a[2] || a[1] >= b[3] || b[1] >= a[3];
}

/**
 * FCOS: a point strictly inside a box whose farthest side lies within the level's range takes it; of several the smallest.
 * A level ends at `anchor` strides: 64, 128, ... pixels where that is 8. The first begins at 0, the last does not end.
 */
function byRange(levels: Box[][], boxes: Box[], config: DetectorConfig): Choice {
  const ends = strides(config).map((stride) => config.anchor * stride);
  const range = (l: number) => [l === 0 ? -1 : ends[l - 1], l === levels.length - 1 ? Number.POSITIVE_INFINITY : ends[l]];
  const bySize = boxes.map((_, g) => g).sort((a, b) => area(boxes[a]) - area(boxes[b]) || a - b);
  return Int32Array.from(
    levels.flatMap((points, l) => {
      const [least, most] = range(l);
      return points.map((point) => {
        const fits = bySize.find((g) => {
          const sides = distances(centre(point), boxes[g]);
          const farthest = Math.max(...sides);
          return Math.min(...sides) > 0 && farthest >= least && farthest <= most;
        });
        return fits ?? BACKGROUND;
      });
    }),
  );
}

/** ATSS: nearest anchors per level that stand for a box. */
const CANDIDATES = 9;
/** ATSS: least distance in pixels of a positive anchor's centre from the edges of its box. */
const MARGIN = 0.01;

/**
 * ATSS: a box's candidates are the nine anchors of each level nearest to its centre; those are positive whose centre it
 * contains and whose IoU is at least the candidates' mean plus (unbiased) standard deviation. Of several boxes an anchor
 * takes the one it overlaps most.
 */
function adaptively(levels: Box[][], boxes: Box[]): Choice {
  const choice = new Int32Array(levels.flat().length).fill(BACKGROUND);
  const taken = new Float64Array(choice.length).fill(-1);
  for (const [g, box] of boxes.entries()) {
    const found = candidates(levels, box);
    const least = threshold(found.map(({ overlap }) => overlap));
    for (const { index, overlap, anchor } of found) {
      const inside = Math.min(...distances(centre(anchor), box)) > MARGIN;
      if (!inside || overlap < least || overlap <= taken[index]) continue;
      [choice[index], taken[index]] = [g, overlap];
    }
  }
  return choice;
}

export interface Candidate {
  /** Among the priors of all levels. */
  index: number;
  anchor: Box;
  overlap: number;
}

/** The anchors of each level whose centres lie nearest to the box's, nine or as many as there are; ties go to the first. */
export function candidates(levels: Box[][], box: Box): Candidate[] {
  const [x, y] = centre(box);
  let from = 0;
  return levels.flatMap((level) => {
    const distance = level.map((anchor) => Math.hypot(centre(anchor)[0] - x, centre(anchor)[1] - y));
    const nearest = level.map((_, i) => i).sort((a, b) => distance[a] - distance[b] || a - b);
    const found = nearest.slice(0, CANDIDATES).map((i) => ({ index: from + i, anchor: level[i], overlap: iou(level[i], box) }));
    from += level.length;
    return found;
  });
}

/** Mean plus unbiased standard deviation. */
function threshold(overlaps: number[]): number {
  const mean = overlaps.reduce((sum, v) => sum + v, 0) / overlaps.length;
  const squares = overlaps.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return mean + Math.sqrt(squares / (overlaps.length - 1));
}

/** sqrt(min(l,r)/max(l,r) min(t,b)/max(t,b)): 1 in the middle of a box, 0 at its border. */
export function centerness([left, top, right, bottom]: readonly number[]): number {
  const across = Math.min(left, right) / Math.max(left, right);
  return Math.sqrt((across * Math.min(top, bottom)) / Math.max(top, bottom));
}

/** From a point to the left, top, right and bottom of a box; negative outside. */
function distances([x, y]: readonly number[], [x1, y1, x2, y2]: Box): number[] {
  return [x - x1, y - y1, x2 - x, y2 - y];
}

function centre([x1, y1, x2, y2]: Box): [x: number, y: number] {
  return [(x1 + x2) / 2, (y1 + y2) / 2];
}

export function asBoxes(flat: Float32Array): Box[] {
  return Array.from({ length: flat.length / 4 }, (_, i) => [...flat.subarray(4 * i, 4 * i + 4)] as unknown as Box);
}
