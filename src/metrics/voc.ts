/**
 * Average precision as Pascal VOC defines it, at one IoU threshold: over eleven recalls (VOC 2007) or the whole curve (from
 * VOC 2010 on). Of several detections of one object the best-scored is right; difficult objects do not count.
 */
import { type Box, type GroundTruth, iou } from "../geometry/boxes";
import { type Answered, wantedOf } from "./coco";
import { mean } from "./verdicts";

export interface VocOptions {
  classes: number;
  /** 0.5 by default. */
  threshold?: number;
  /** Which of the two definitions; the whole curve by default. */
  interpolation?: "eleven" | "every";
  /** Whether boxes name their last pixels, as VOC's files do, so that their width is x2 - x1 + 1. */
  inclusive?: boolean;
}

export interface VocScores {
  /** Mean over the classes; NaN without any object. */
  map: number;
  /** NaN where there is no object of a class. */
  perClass: number[];
}

/** Scores of a detector. */
export function vocScores(images: readonly Answered[], options: VocOptions): VocScores {
  const perClass = Array.from({ length: options.classes }, (_, category) => averagePrecision(images, category, options));
  return { map: mean(perClass.filter((ap) => !Number.isNaN(ap))), perClass };
}

function averagePrecision(images: readonly Answered[], category: number, options: VocOptions): number {
  const { interpolation = "every" } = options;
  const objects = images.map(({ truths }) => truths.filter((truth) => truth.category === category));
  const wanted = objects.flat().filter((truth) => !wantedOf(truth).ignored).length;
  const verdicts = judged(images, objects, category, options);
  const recalls: number[] = [];
  const precisions: number[] = [];
  let right = 0;
  for (const [i, hit] of verdicts.entries()) {
    if (hit) right++;
    recalls.push(right / wanted);
    precisions.push(right / (i + 1));
  }
  for (let i = precisions.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i], precisions[i + 1]);
  if (wanted === 0) return Number.NaN;
  if (interpolation === "every") return precisions.reduce((sum, p, i) => sum + (verdicts[i] ? p / wanted : 0), 0);
  return mean(Array.from({ length: 11 }, (_, r) => precisions[recalls.findIndex((recall) => recall >= r * 0.1)] ?? 0));
}

/** Whether each detection that counts is right, the best-scored first. */
function judged(images: readonly Answered[], objects: GroundTruth[][], category: number, options: VocOptions): boolean[] {
  const { threshold = 0.5, inclusive = false } = options;
  const detections = images.flatMap(({ detections }, image) =>
    detections.filter((one) => one.category === category).map(({ score, box }) => ({ image, score, box })),
  );
  const taken = new Set<GroundTruth>();
  return detections
    .sort((a, b) => b.score - a.score)
    .flatMap(({ image, box }) => {
      const overlaps = objects[image].map((truth) => (inclusive ? iou(halfOpen(box), halfOpen(truth.box)) : iou(box, truth.box)));
      const best = overlaps.indexOf(Math.max(...overlaps));
      // Unlike COCO, VOC takes the object overlapped most even if another detection has it already.
      if (best < 0 || overlaps[best] === 0 || overlaps[best] < threshold) return [false];
      const object = objects[image][best];
      if (wantedOf(object).ignored) return [];
      const free = !taken.has(object);
      taken.add(object);
      return [free];
    });
}

/** A box that names its last pixels, as one that names the first beyond. */
function halfOpen([x1, y1, x2, y2]: Box): Box {
  return [x1, y1, x2 + 1, y2 + 1];
}
