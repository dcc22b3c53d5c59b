/** What came of a run, in numbers and in plain words. */
import { toQuery } from "../train/experiment";
import { percent, points } from "./format";
import { getState, type Outcome, type State, setState } from "./store";

/** Notes the outcome of the run that has just finished. */
export function finish(): void {
  const { history, active, outcomes } = getState();
  const last = history.evaluations.at(-1);
  if (!last || !active) return;
  const saved = history.fullMacs ? 1 - history.macs / history.fullMacs : undefined;
  setState({ outcomes: [...outcomes, { query: toQuery(active), top1: last.scores.top1, count: last.count, saved }] });
}

/** Half the 95 % interval of a rate measured on `count` images. */
export function margin({ top1, count }: Pick<Outcome, "top1" | "count">): number {
  return 1.96 * Math.sqrt((top1 * (1 - top1)) / count);
}

/** The finished run in sentences. */
export function verdict({ outcomes, gallery, cost }: State): string[] {
  const [before, now] = [outcomes.at(-2), outcomes.at(-1)];
  if (!now) return [];
  const chance = 1 / gallery.classes.length;
  const sentences = [
    `The student names ${percent(now.top1)} of ${now.count} held-out images right (± ${points(margin(now))}); guessing would give ${percent(chance)}.`,
  ];
  if (now.saved !== undefined && cost) sentences.push(saving(now.saved));
  if (before) sentences.push(comparison(before, now));
  else if (now.saved)
    sentences.push("Whether the mask cost accuracy, one run cannot say: set the patches to 100 % and run again to compare.");
  return sentences;
}

function saving(saved: number): string {
  if (saved > 0) return `The mask saved ${percent(saved)} of the teacher's multiply-adds over the run.`;
  if (saved < 0) return `This choice of patches cost ${percent(-saved)} more multiply-adds than no mask at all.`;
  return "The teacher saw every patch, so nothing was saved.";
}

function comparison(before: Outcome, now: Outcome): string {
  const difference = now.top1 - before.top1;
  const noise = Math.hypot(margin(before), margin(now));
  const size = `${points(Math.abs(difference))} ${difference < 0 ? "below" : "above"} the run before (${before.query || "defaults"})`;
  return Math.abs(difference) <= noise ? `That is ${size}: within the noise of ± ${points(noise)}.` : `That is ${size}: more than noise.`;
}
