/**
 * COCO's twelve numbers, equal to cocoeval.py's (cocodataset/cocoapi): average precision over IoU 0.50 to 0.95, at single
 * thresholds and by size of object, and average recall.
 */
import { area, type Detection, type GroundTruth } from "../geometry/boxes";
import { pace } from "./pace";
import { type Curve, judge, MAX_DETECTIONS, mean, overlaps, Verdicts, type Wanted } from "./verdicts";

/** IoU thresholds 0.50, 0.55, ..., 0.95, to the bits numpy.linspace gives. */
const THRESHOLDS = Array.from({ length: 10 }, (_, i) => (i < 9 ? 0.5 + i * ((0.95 - 0.5) / 9) : 0.95));
const [AT_50, AT_75] = [0, 5];

/** Edge lengths in pixels where medium begins and where it ends; an object's area is compared with their squares. */
export type SizeEdges = readonly [medium: number, large: number];

/** COCO's own, for photographs of about 512 pixels and more. */
export const COCO_EDGES: SizeEdges = [32, 96];

/** COCO's edges scaled down from 512 pixels to images of `side` pixels; larger images have COCO's own. */
export function scaledEdges(side: number): SizeEdges {
  const scale = Math.min(1, side / 512);
  return [32 * scale, 96 * scale];
}

/** What an image holds and what a detector says it holds. */
export interface Answered {
  truths: readonly GroundTruth[];
  detections: readonly Detection[];
}

export interface ClassScores {
  ap: number;
  ap50: number;
  ap75: number;
  ar: number;
  /** Objects that count. */
  objects: number;
}

/** All in 0..1, and NaN where there is no object to find. */
export interface CocoScores {
  ap: number;
  ap50: number;
  ap75: number;
  apSmall: number;
  apMedium: number;
  apLarge: number;
  /** Recall with at most 1, 10 and 100 detections per image. */
  ar1: number;
  ar10: number;
  ar: number;
  arSmall: number;
  arMedium: number;
  arLarge: number;
  perClass: ClassScores[];
}

export interface CocoOptions {
  classes: number;
  /** `COCO_EDGES` by default. */
  edges?: SizeEdges;
  progress?: (share: number) => void;
}

/** Scores of a detector; lets other work in between. */
export async function cocoScores(images: readonly Answered[], { progress, ...options }: CocoOptions): Promise<CocoScores> {
  const evaluation = new CocoEvaluation(options);
  const rest = pace(progress);
  for (const [i, image] of images.entries()) {
    evaluation.add(image);
    await rest((0.9 * i) / images.length);
  }
  return evaluation.scores();
}

/** An evaluation to which images are added one after another, as the detector gets to them. */
export class CocoEvaluation {
  /** Sizes: all, small, medium, large; both ends of each belong to it. */
  private readonly sizes: (readonly [number, number])[];
  /** By class, then by size. */
  private readonly verdicts: Verdicts[][];

  constructor({ classes, edges: [medium, large] = COCO_EDGES }: Pick<CocoOptions, "classes" | "edges">) {
    this.sizes = [
      [0, 1e10],
      [0, medium ** 2],
      [medium ** 2, large ** 2],
      [large ** 2, 1e10],
    ];
    this.verdicts = Array.from({ length: classes }, () => this.sizes.map(() => new Verdicts()));
  }

  /** Judges one image. */
  add({ truths, detections }: Answered): void {
    const there = new Set([...truths, ...detections].map(({ category }) => category));
    for (const category of there) {
      const sameClass = (object: { category: number }) => object.category === category;
      this.addClass(this.verdicts[category], truths.filter(sameClass), detections.filter(sameClass));
    }
  }

  scores(): CocoScores {
    const [all, small, medium, large] = this.sizes.map((_, size) => this.verdicts.map((verdicts) => curves(verdicts[size])));
    const limited = (limit: number) => recall(this.verdicts.flatMap(([verdicts]) => curves(verdicts, limit)));
    return {
      ap: precision(all.flat()),
      ap50: precision(all.flatMap((one) => one.slice(AT_50, AT_50 + 1))),
      ap75: precision(all.flatMap((one) => one.slice(AT_75, AT_75 + 1))),
      apSmall: precision(small.flat()),
      apMedium: precision(medium.flat()),
      apLarge: precision(large.flat()),
      ar1: limited(1),
      ar10: limited(10),
      ar: recall(all.flat()),
      arSmall: recall(small.flat()),
      arMedium: recall(medium.flat()),
      arLarge: recall(large.flat()),
      perClass: all.map((one, category) => ({
        ap: precision(one),
        ap50: precision(one.slice(AT_50, AT_50 + 1)),
        ap75: precision(one.slice(AT_75, AT_75 + 1)),
        ar: recall(one),
        objects: this.verdicts[category][0].wanted,
      })),
    };
  }

  private addClass(verdicts: Verdicts[], truths: GroundTruth[], detections: Detection[]): void {
    const best = bestOf(detections);
    const scores = best.map(({ score }) => score);
    const boxes = best.map(({ box }) => box);
    const areas = boxes.map(area);
    const plain = truths.map(wantedOf);
    const ious = overlaps(boxes, plain);
    for (const [size, [low, high]] of this.sizes.entries()) {
      const outside = (a: number) => a < low || a > high;
      const wanted = plain.map((one, g) => ({ ...one, ignored: one.ignored || outside(truths[g].area ?? area(one.box)) }));
      const stray = areas.map((a) => Number(outside(a)));
      verdicts[size].add(scores, judge(ious, wanted, THRESHOLDS, stray), wanted);
    }
  }
}

/** An object as the evaluation sees it: crowds and difficult ones are ignored. */
export function wantedOf({ box, crowd = false, difficult = false }: GroundTruth): Wanted {
  return { box, crowd, ignored: crowd || difficult };
}

/** The detections that count, best first; equal scores keep their order. */
export function bestOf(detections: readonly Detection[]): Detection[] {
  return detections.toSorted((a, b) => b.score - a.score).slice(0, MAX_DETECTIONS);
}

function curves(verdicts: Verdicts, limit?: number): Curve[] {
  return THRESHOLDS.flatMap((_, t) => verdicts.curve(t, limit) ?? []);
}

/** Mean over the curves of their mean precision. */
function precision(curves: Curve[]): number {
  return mean(curves.map(({ precision }) => mean(precision)));
}

function recall(curves: Curve[]): number {
  return mean(curves.map(({ recall }) => recall));
}
