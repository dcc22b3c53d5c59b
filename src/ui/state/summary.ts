/** Results of a run, in numbers and in plain words. */
import { points } from "../format";
import { pageOf } from "../tasks";
import { BASELINE, type Partner, partnerOf, type Run, reason, runOf } from "./runs";
import type { State } from "./store";

/** The score that counts, on so many held-out images, and half its 95 % interval where that is known. */
export interface Score {
  value: number;
  count: number;
  margin?: number;
}

/** The last test's first score. */
export function scoreOf({ evaluations, settings }: Pick<Run, "evaluations" | "settings">): Score {
  const { scores, count } = evaluations[evaluations.length - 1];
  const [value] = Object.values(scores);
  return { value, count, margin: pageOf(settings.preset).margin?.(value, count) };
}

/** The finished run in sentences. */
export function verdict(state: State): string[] {
  const now = runOf(state);
  if (!now) return [];
  const { result, pairs } = pageOf(now.settings.preset);
  const partner = partnerOf(now, state);
  const beside = partner && { kind: partner.as, ...difference(now, partner.run) };
  return [result(scoreOf(now), state), partner && comparison(now, partner), pairs?.saving(now), pairs?.advice(now, beside)].filter(
    (s) => s !== undefined,
  );
}

/** Difference to another run, and half the 95 % interval of it where it is known. */
export function difference(now: Run, other: Run): { by: number; noise?: number } {
  const [a, b] = [scoreOf(now), scoreOf(other)];
  const noise = a.margin !== undefined && b.margin !== undefined ? Math.hypot(a.margin, b.margin) : undefined;
  return { by: a.value - b.value, noise };
}

function comparison(now: Run, { run: other, as }: Partner): string {
  const { by, noise } = difference(now, other);
  const size = points(Math.abs(by));
  const { pairs } = pageOf(now.settings.preset);
  const what = pairs?.kinds.includes(as)
    ? pairs.compared(as, now, other, by < 0 ? `cost ${size}` : `gained ${size}`)
    : `That is ${size} ${by < 0 ? "below" : "above"} ${as === BASELINE ? "the baseline, " : ""}${other.name} (${reason(other.settings, now.settings) || "same settings"})`;
  if (noise === undefined) return `${what}.`;
  return `${what}: ${Math.abs(by) <= noise ? "within" : "more than"} the noise of testing (± ${points(noise)}); another seed may move it further.`;
}
