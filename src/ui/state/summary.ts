/** Results of a run, in numbers and in plain words. */
import type { Seeded } from "../../metrics/paired";
import { points } from "../format";
import { pageOf } from "../tasks";
import type { Beside } from "../tasks/page";
import { type Difference, difference, holdsZero } from "./difference";
import { BASELINE, type Partner, partnerOf, type Run, reason, runOf } from "./runs";
import { scoreOf } from "./score";
import type { State } from "./store";

/** The finished run in sentences. */
export function verdict(state: State): string[] {
  const now = runOf(state);
  if (!now) return [];
  const { result, pairs } = pageOf(now.settings.preset);
  const partner = partnerOf(now, state);
  const beside = besideOf(now, state);
  return [
    result(scoreOf(now), state),
    partner && beside && comparison(now, partner, beside),
    pairs?.saving(now),
    pairs?.advice(now, beside),
  ].filter((s) => s !== undefined);
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
    return `Over ${seeds.seeds} seeds it is ${reach(seeds.difference, seeds.interval)}: ${holdsZero(seeds.interval) ? "that cannot tell" : "a difference"}.`;
  if (!interval) return "Another seed may come out otherwise.";
  const test = p === undefined ? "" : ` (McNemar's test, p ${p < 0.001 ? "< 0.001" : `= ${p.toFixed(3)}`})`;
  const told = `The 95 % interval on these images is ${ends(interval)}${test}`;
  if (holdsZero(interval)) return `${told}: one pair of runs cannot tell.`;
  return `${told}: these two students differ, but another seed may come out otherwise.`;
}

const reach = (by: number, interval: Seeded["interval"]) => `${signed(by)} points on average, 95 % interval ${ends(interval)}`;
const ends = (interval: Seeded["interval"]) => `${interval.map(signed).join(" to ")}`;
const signed = (share: number) => `${share > 0 ? "+" : ""}${(100 * share).toFixed(1)}`;
