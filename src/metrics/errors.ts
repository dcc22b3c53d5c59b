/**
 * What a detector's precision is lost to: the seven stacked precision-recall curves of the COCO analysis (cocodataset/cocoapi,
 * CocoEval.m, `analyze`), which the MKD paper shows as its Figure 1.
 *
 * Each curve forgives more than the one before: C75 asks for IoU 0.75, C50 for 0.5, Loc for 0.1; Sim also ignores what lies on
 * objects of a class of the same supercategory, Oth on objects of any class; BG ignores what lies on nothing; FN is 1.
 */
import { type Answered, bestOf, wantedOf } from "./coco";
import { pace } from "./pace";
import { type TideCosts, tide } from "./tide";
import { type Curve, judge, mean, overlaps, RECALLS, Verdicts } from "./verdicts";

export const ERROR_CURVES = ["C75", "C50", "Loc", "Sim", "Oth", "BG", "FN"] as const;

export interface ErrorCurves {
  /** One for each of `ERROR_CURVES`: precision at recall 0, 0.01, ..., 1. */
  curves: Float64Array[];
  /** Mean precision of each curve: the area below it. */
  areas: number[];
}

export interface ErrorAnalysis {
  /** Mean over the classes. */
  overall: ErrorCurves;
  /** Mean over the classes of each supercategory. */
  families: Map<string, ErrorCurves>;
  /** Undefined where there is no object of a class. */
  perClass: (ErrorCurves | undefined)[];
  /** The same answers by TIDE's kinds of mistakes, over all classes. Runs that earlier versions kept have none. */
  tide?: TideCosts;
}

export interface ErrorOptions {
  /** The supercategory of each class. */
  supercategories: readonly string[];
  progress?: (share: number) => void;
}

/** Of the time that an analysis takes, what the curves do. */
const CURVES_SHARE = 0.9;

/** Analyses the answers of a detector; lets other work in between. */
export async function errorAnalysis(
  images: readonly Answered[],
  { supercategories, progress }: ErrorOptions,
): Promise<Required<ErrorAnalysis>> {
  const rest = pace((share) => progress?.(CURVES_SHARE * share));
  const perClass: (ErrorCurves | undefined)[] = [];
  for (const category of supercategories.keys()) {
    const judged = new ClassErrors(category, supercategories);
    for (const [i, image] of images.entries()) {
      judged.add(image);
      await rest((category + i / images.length) / supercategories.length);
    }
    perClass.push(judged.curves());
  }
  const meanOf = (keep: (category: number) => boolean) => average(perClass.filter((_, category) => keep(category)));
  const families = [...new Set(supercategories)].map((family) => [family, meanOf((k) => supercategories[k] === family)] as const);
  const { errors } = await tide(images, (share) => progress?.(CURVES_SHARE + (1 - CURVES_SHARE) * share));
  return { overall: meanOf(() => true), families: new Map(families), perClass, tide: errors };
}

/** The detections of one class against its objects alone, those of its family, and all. */
class ClassErrors {
  private readonly own = new Verdicts();
  private readonly family = new Verdicts();
  private readonly all = new Verdicts();

  constructor(
    private readonly category: number,
    private readonly supercategories: readonly string[],
  ) {}

  add({ truths, detections }: Answered): void {
    const { category, supercategories } = this;
    const ofClass = (one: { category: number }) => one.category === category;
    const best = bestOf(detections.filter(ofClass));
    if (best.length === 0 && !truths.some(ofClass)) return;
    const boxes = best.map(({ box }) => box);
    const scores = best.map(({ score }) => score);
    const none = new Uint8Array(best.length);
    const against = (verdicts: Verdicts, thresholds: number[], keep: (other: number) => boolean) => {
      const wanted = truths
        .filter((truth) => keep(truth.category))
        .map((truth) => ({ ...wantedOf(truth), ...(truth.category !== category && { ignored: true }) }));
      verdicts.add(scores, judge(overlaps(boxes, wanted), wanted, thresholds, none), wanted);
    };
    against(this.own, [0.75, 0.5, 0.1], (other) => other === category);
    against(this.family, [0.1], (other) => supercategories[other] === supercategories[category]);
    against(this.all, [0.1], () => true);
  }

  curves(): ErrorCurves | undefined {
    const found = [0, 1, 2].map((t) => this.own.curve(t)).concat(this.family.curve(0), this.all.curve(0));
    if (found.includes(undefined)) return undefined;
    const measured = (found as Curve[]).map(({ precision }) => precision);
    const background = measured[4].map((p) => (p > 0 ? 1 : 0));
    return withAreas([...measured, background, new Float64Array(RECALLS.length).fill(1)]);
  }
}

function average(all: (ErrorCurves | undefined)[]): ErrorCurves {
  const there = all.filter((one) => one !== undefined);
  return withAreas(ERROR_CURVES.map((_, c) => Float64Array.from(RECALLS, (_, r) => mean(there.map(({ curves }) => curves[c][r])))));
}

function withAreas(curves: Float64Array[]): ErrorCurves {
  return { curves, areas: curves.map(mean) };
}
