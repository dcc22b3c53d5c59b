/** Results of a run, in numbers and in plain words. */
import type { Seeded } from "../../metrics/paired";
import { count, percent, points, reach, signed } from "../format";
import { pageOf } from "../tasks";
import type { Beside, Offer } from "../tasks/page";
import { isSteered } from "./compare";
import { type Difference, difference, holdsZero } from "./difference";
import { BASELINE, type Partner, partnerOf, type Run, reason, runOf } from "./runs";
import { scoreOf } from "./score";
import type { State } from "./store";

/**
 * The finished run in sentences, in three tiers. A student that has not learned shows nothing of what was changed; one run, or one
 * pair, cannot tell; over seeds there is a difference, its interval and, where there are enough of them, advice.
 */
export function verdict(state: State): string[] {
  const now = runOf(state);
  if (!now) return [];
  const { result, pairs } = pageOf(now.settings.preset);
  const score = scoreOf(now);
  const facts = [result(score, state), lessThanGuessing(now, state)];
  const partner = partnerOf(now, state);
  const beside = besideOf(now, state);
  const told = hasLearned(now, state)
    ? [
        partner && beside && comparison(now, partner, beside),
        isSteered(now) ? STEERED : undefined,
        pairs?.saving(now),
        pairs?.open(now, beside),
        pairs?.advice(now, beside),
      ]
    : [UNLEARNED, pairs?.saving(now)];
  return [...facts, ...told].filter((s) => s !== undefined);
}

/** How the run under way does, as of its last test; or what it is waiting for. */
export function soFar(state: State): string {
  const { active, step, watching, beside } = state;
  const { evaluations } = state.history;
  const last = evaluations.at(-1);
  if (active && step > 0 && last) {
    const { result } = pageOf(active.preset);
    return `As of step ${count(last.step)}${beside ? ", run A" : ""}: ${result(scoreOf({ evaluations, settings: active }), state)}`;
  }
  if (step > 0) return "It has not been tested on held-out images yet.";
  return watching ? "" : "Nothing has been trained yet: the pictures are of an untrained student. Start trains it, here in your browser.";
}

const UNLEARNED = "It has not learned yet, so nothing can be said of what was changed.";
const STEERED = "Settings were changed on the way, so no other run is its pair.";

/** The run that would say more, where the student has learned anything. */
export function offerOf(state: State): Offer | undefined {
  const now = runOf(state);
  if (!now || !hasLearned(now, state)) return undefined;
  return pageOf(now.settings.preset).pairs?.offer(now, besideOf(now, state));
}

/** Whether the score is beyond guessing, or where that is unknown beyond next to nothing. */
export function hasLearned(now: Run, state: State): boolean {
  const { chance, least = 0 } = pageOf(now.settings.preset);
  const { value, margin = 0 } = scoreOf(now);
  const guessing = chance?.(state);
  return guessing === undefined ? value >= least : value - margin > guessing;
}

/** A teacher that was right no more often than guessing, as it was masked. */
function lessThanGuessing(now: Run, state: State): string | undefined {
  const guessing = pageOf(now.settings.preset).chance?.(state);
  const right = now.teacher === undefined ? undefined : now.points.at(-1)?.smooth.teacher;
  if (guessing === undefined || right === undefined || right > guessing) return undefined;
  return `The teacher, as it was masked, was right in ${percent(right)} of the last batches, no more often than guessing: there is little to learn from it.`;
}

/** The run beside the finished one, and how they differ. */
export function besideOf(now: Run, state: State): Beside | undefined {
  const partner = partnerOf(now, state);
  return partner && { kind: partner.as, ...difference(now, partner.run, state.runs) };
}

function comparison(now: Run, { run: other, as }: Partner, told: Difference): string {
  const { by } = told;
  const size = points(Math.abs(by));
  const { pairs } = pageOf(now.settings.preset);
  const what = pairs?.kinds.includes(as)
    ? pairs.compared(as, now, other, by < 0 ? `cost ${size}` : `gained ${size}`)
    : `That is ${size} ${by < 0 ? "below" : "above"} ${as === BASELINE ? "the baseline, " : ""}${other.name} (${reason(other.settings, now.settings) || "same settings"})`;
  return `${what}. ${certainty(told)}`;
}

/** How sure a difference is: over seeds if there are several, else of this one pair. */
function certainty({ interval, p, seeds }: Difference): string {
  if (seeds)
    return `Over ${seeds.seeds} seeds it is ${average(seeds.difference, seeds.interval)}: ${holdsZero(seeds.interval) ? "that cannot tell" : "a difference"}.`;
  if (!interval) return "Another seed may come out otherwise.";
  const test = p === undefined ? "" : ` (McNemar's test, p ${p < 0.001 ? "< 0.001" : `= ${p.toFixed(3)}`})`;
  const told = `The 95 % interval on these images is ${ends(interval)}${test}`;
  if (holdsZero(interval)) return `${told}: one pair of runs cannot tell.`;
  return `${told}: these two students differ, but another seed may come out otherwise.`;
}

const average = (by: number, interval: Seeded["interval"]) => `${signed(100 * by)} points on average, 95 % interval ${ends(interval)}`;
const ends = (interval: Seeded["interval"]) => reach(interval.map((end) => 100 * end));
