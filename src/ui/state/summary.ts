/** What came of a run, in numbers and in plain words. */
import { isDetection } from "../../settings/experiment";
import { percent, points, short } from "../format";
import { type Kinship, partnerOf, type Run, reason, runOf } from "./runs";
import type { State } from "./store";

/** The score that counts, on so many held-out images, and half its 95 % interval where that is known. */
export interface Score {
  name: string;
  value: number;
  count: number;
  margin?: number;
}

/** The last test's first score. An accuracy is a share of independent images, so its noise is binomial. */
export function scoreOf({ evaluations }: Pick<Run, "evaluations">): Score {
  const { scores, count } = evaluations[evaluations.length - 1];
  const [name, value] = Object.entries(scores)[0];
  return { name, value, count, ...(name === "top1" && { margin: 1.96 * Math.sqrt((value * (1 - value)) / count) }) };
}

/** Share of something of the teacher's that the mask saved over the run; undefined where it is not known. */
export function savedOf({ sums }: Pick<Run, "sums">, masked: string, full: string): number | undefined {
  return sums[full] > 0 ? 1 - sums[masked] / sums[full] : undefined;
}

/** The finished run in sentences. */
export function verdict(state: State): string[] {
  const now = runOf(state);
  if (!now) return [];
  const partner = partnerOf(now, state);
  return [result(scoreOf(now), state), partner && comparison(now, partner.run, partner.as), saving(now), advice(now, partner)].filter(
    (s) => s !== undefined,
  );
}

function result({ name, value, count, margin }: Score, { gallery, history }: State): string {
  if (name === "map") return finding(value, count, history);
  if (margin === undefined) return `The student scores ${name} ${percent(value)} on ${short(count)} held-out images.`;
  const chance = percent(1 / gallery.classes.length);
  return `The student names ${percent(value)} of ${short(count)} held-out images right (± ${points(margin)}); guessing would give ${chance}.`;
}

function finding(map: number, count: number, { evaluations }: State["history"]): string {
  const { ap50, mar } = evaluations[evaluations.length - 1].scores;
  const half = ap50 === undefined ? "" : `, ${percent(ap50)} where half a box is enough (AP50)`;
  const recall = mar === undefined ? "" : ` It finds ${percent(mar)} of the objects, averaged over how exact boxes have to be.`;
  return `The student finds objects on ${short(count)} held-out images with a mean average precision of ${percent(map)}${half}.${recall}`;
}

/** Difference to another run, and half the 95 % interval of it where it is known. */
export function difference(now: Run, other: Run): { by: number; noise?: number } {
  const [a, b] = [scoreOf(now), scoreOf(other)];
  const noise = a.margin !== undefined && b.margin !== undefined ? Math.hypot(a.margin, b.margin) : undefined;
  return { by: a.value - b.value, noise };
}

function comparison(now: Run, other: Run, as: Kinship): string {
  const { by, noise } = difference(now, other);
  const size = points(Math.abs(by));
  const moved = by < 0 ? `cost ${size}` : `gained ${size}`;
  const share = percent(now.settings.keep);
  const what = {
    "all patches": `Keeping ${share} of the patches ${moved} against all of them (${other.name})`,
    masked: `Showing every patch ${moved} against ${percent(other.settings.keep)} of them (${other.name})`,
    alone: `Learning from the teacher ${moved} against labels alone (${other.name})`,
    baseline: `That is ${size} ${by < 0 ? "below" : "above"} the baseline, ${other.name} (${reason(other.settings, now.settings) || "same settings"})`,
    before: `That is ${size} ${by < 0 ? "below" : "above"} ${other.name} (${reason(other.settings, now.settings) || "same settings"})`,
  }[as];
  if (noise === undefined) return `${what}.`;
  return `${what}: ${Math.abs(by) <= noise ? "within" : "more than"} the noise of testing (± ${points(noise)}); another seed may move it further.`;
}

function saving(now: Run): string | undefined {
  const macs = savedOf(now, "macs", "fullMacs");
  const time = savedOf(now, "teacherMs", "teacherFullMs");
  if (macs === undefined) return undefined;
  if (macs === 0) return "The teacher saw every patch, so nothing was saved.";
  if (macs < 0) return `This choice of patches cost ${percent(-macs)} more multiply-adds of the teacher than no mask at all.`;
  const saved = `The mask saved ${percent(macs)} of the teacher's multiply-adds`;
  if (time === undefined) return `${saved}.`;
  // Small teachers and busy machines do not always gain time.
  return time < 0
    ? `${saved}, but its measured GPU time was ${percent(-time)} longer.`
    : `${saved} and ${percent(time)} of its measured GPU time.`;
}

function advice(now: Run, partner: { run: Run; as: Kinship } | undefined): string | undefined {
  if (!wantsPair(now)) return undefined;
  if (partner?.as !== "all patches") return "To see whether the mask cost accuracy, run the same seed with every patch.";
  const { by, noise = 0 } = difference(now, partner.run);
  if (by < -noise) return "Try to keep more patches.";
  return by <= noise ? "Fewer patches may do as well." : undefined;
}

/** Whether a run of the same settings with every patch would say something about this one. */
export function wantsPair({ teacher, settings, changes }: Run): boolean {
  return teacher !== undefined && !isDetection(settings.preset) && settings.keep < 1 && changes.length === 0;
}
