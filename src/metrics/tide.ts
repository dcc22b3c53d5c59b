/**
 * What a detector's AP50 is lost to, by the kinds of TIDE (Bolya et al., "TIDE: A General Toolbox for Identifying Object
 * Detection Errors", ECCV 2020; dbolya/tide): each mistake is of one kind, and a kind weighs what AP would gain without it.
 *
 * Curves are read at COCO's recalls and equal scores keep their order; tidecv reads at x / 100 and moves what it corrects to
 * the end, so gains may differ from its own by about 0.001 where scores are equal.
 */
import type { Detection, GroundTruth } from "../geometry/boxes";
import { type Answered, bestOf, wantedOf } from "./coco";
import { pace } from "./pace";
import { curveOf, mean, overlaps } from "./verdicts";

/** Wrong class, wrong place, both, found twice, nothing there; and objects that no correction of those would find. */
export const TIDE_ERRORS = ["Cls", "Loc", "Both", "Dupe", "Bkg", "Miss"] as const;
export type TideError = (typeof TIDE_ERRORS)[number];

/** How many mistakes of each kind, and by how much AP50 would rise if there were none. */
export type TideCosts = Record<TideError, { count: number; gain: number }>;

export interface TideReport {
  /** AP at IoU 0.5, over the classes that have objects or detections. */
  ap50: number;
  errors: TideCosts;
  /** By how much AP would rise if every wrong detection came last, and if no object were missed. */
  falsePositives: number;
  falseNegatives: number;
}

/** IoU from which a detection is right, and up to which it lies on background. */
const FOREGROUND = 0.5;
const BACKGROUND = 0.1;

/** An object that counts. */
interface Target {
  category: number;
  found: boolean;
  /** The best-scored mistake that, put right, would find it. */
  rescue?: Answer;
}

/** A detection that counts: right where it has no error. */
interface Answer {
  category: number;
  score: number;
  error?: TideError;
  /** The object it would have found. */
  target?: Target;
}

/** Sorts the mistakes of a detector by kind; lets other work in between. */
export async function tide(images: readonly Answered[], progress?: (share: number) => void): Promise<TideReport> {
  const rest = pace(progress);
  const targets: Target[] = [];
  const answers: Answer[] = [];
  for (const [i, image] of images.entries()) {
    examine(image, targets, answers);
    await rest((0.9 * i) / images.length);
  }
  return report(targets, answers);
}

function examine({ truths, detections }: Answered, targets: Target[], answers: Answer[]): void {
  const best = bestOf(detections);
  const [counted, regions] = [false, true].map((ignored) => truths.filter((truth) => wantedOf(truth).ignored === ignored));
  const own = counted.map(({ category }): Target => ({ category, found: false }));
  const boxes = best.map(({ box }) => box);
  const ious = overlaps(boxes, counted.map(wantedOf));
  const rows = best.map((_, d) => ious.subarray(d * counted.length, (d + 1) * counted.length));
  const matched = best.map(({ category }, d) => match(category, rows[d], own));
  const excused = inRegions(best, regions);
  for (const [d, { category, score }] of best.entries()) {
    if (matched[d]) answers.push({ category, score });
    else if (!excused[d]) answers.push(mistake({ category, score }, rows[d], own));
  }
  targets.push(...own);
}

/** Gives a detection the free object of its class that it overlaps most, if by enough. */
function match(category: number, row: Float64Array, targets: Target[]): boolean {
  const g = most(row, (g) => targets[g].category === category && !targets[g].found);
  if (g < 0 || row[g] < FOREGROUND) return false;
  targets[g].found = true;
  return true;
}

/** Which detections lie in a region of their class that does not count. */
function inRegions(detections: Detection[], regions: GroundTruth[]): boolean[] {
  const shares = overlaps(
    detections.map(({ box }) => box),
    regions.map((region) => ({ box: region.box, crowd: true, ignored: true })),
  );
  return detections.map(({ category }, d) =>
    regions.some((region, r) => region.category === category && shares[d * regions.length + r] > FOREGROUND),
  );
}

/** What is wrong with a detection that found nothing: the first kind that fits. */
function mistake({ category, score }: Answer, row: Float64Array, targets: Target[]): Answer {
  const same = most(row, (g) => targets[g].category === category);
  const other = most(row, (g) => targets[g].category !== category);
  const twice = most(row, (g) => targets[g].category === category && targets[g].found);
  const at = (g: number) => (g < 0 ? 0 : row[g]);
  if (at(same) >= BACKGROUND && at(same) <= FOREGROUND) return rescuing({ category, score, error: "Loc", target: targets[same] });
  if (at(other) >= FOREGROUND) return rescuing({ category, score, error: "Cls", target: targets[other] });
  if (at(twice) >= FOREGROUND) return { category, score, error: "Dupe" };
  return { category, score, error: Math.max(0, ...row) <= BACKGROUND ? "Bkg" : "Both" };
}

/** Notes that the object could have been found; only the best-scored mistake will be put right. */
function rescuing(answer: Answer): Answer {
  const target = answer.target!;
  if (!target.found && (target.rescue === undefined || target.rescue.score < answer.score)) target.rescue = answer;
  return answer;
}

/** The index of the largest value that `keep` lets pass, the first of equals; -1 where there is none. */
function most(row: Float64Array, keep: (g: number) => boolean): number {
  let best = -1;
  for (let g = 0; g < row.length; g++) if (keep(g) && (best < 0 || row[g] > row[best])) best = g;
  return best;
}

function report(targets: Target[], unsorted: Answer[]): TideReport {
  const answers = unsorted.toSorted((a, b) => b.score - a.score);
  const ap50 = ap(targets, answers);
  const isMissed = ({ found, rescue }: Target) => !found && !rescue;
  const entry = (kind: TideError) => {
    const wrong = kind === "Miss" ? targets.filter(isMissed) : answers.filter(({ error }) => error === kind);
    const left = kind === "Miss" ? targets.filter((target) => !isMissed(target)) : targets;
    return [kind, { count: wrong.length, gain: Math.max(0, ap(left, corrected(answers, kind)) - ap50) }];
  };
  const last = [...answers.filter(({ error }) => !error), ...answers.filter(({ error }) => error)];
  return {
    ap50,
    errors: Object.fromEntries(TIDE_ERRORS.map(entry)),
    falsePositives: ap(targets, last) - ap50,
    falseNegatives:
      ap(
        targets.filter(({ found }) => found),
        answers,
      ) - ap50,
  };
}

/** The answers with one kind of mistake put right: turned into a hit where it is its object's best, else taken out. */
function corrected(answers: Answer[], kind: TideError): Answer[] {
  return answers.flatMap((answer) => {
    if (answer.error !== kind) return [answer];
    const { target, score } = answer;
    return target?.rescue === answer ? [{ category: target.category, score }] : [];
  });
}

/** AP at IoU 0.5 of detections in order of score, as TIDE defines it: 0 for a class of which there are only detections. */
function ap(targets: Target[], answers: Answer[]): number {
  const classes = new Map<number, { wanted: number; hits: boolean[] }>();
  const ofClass = (category: number) => {
    if (!classes.has(category)) classes.set(category, { wanted: 0, hits: [] });
    return classes.get(category)!;
  };
  for (const { category } of targets) ofClass(category).wanted++;
  for (const { category, error } of answers) ofClass(category).hits.push(error === undefined);
  return mean([...classes.values()].map(({ wanted, hits }) => (wanted === 0 ? 0 : mean(curveOf(hits, wanted).precision))));
}
