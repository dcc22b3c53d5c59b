/** What an experiment says so far. */
import { type Agreement, agreement, noWorse, overSeeds, type Seeded } from "../../metrics/paired";
import type { Experiment } from "./experiments";

/** The difference over the seeds that both cases have, in shares, and what it says of the claim; undefined before the first pair. */
export function outcomeOf({ scores: [first, second], claimed }: Experiment): (Seeded & { verdict: Agreement }) | undefined {
  if (!second.length) return undefined;
  const bySeed = (list: readonly number[]) => new Map(list.map((score, i) => [i, score]));
  const told = overSeeds(bySeed(first), bySeed(second));
  if (typeof claimed === "number") return { ...told, verdict: agreement(told, claimed) };
  const { verdict } = noWorse(told, { ...claimed, value: claimed.value / 100 });
  return { ...told, verdict: verdict === "no worse" ? "agrees" : verdict === "worse" ? "opposite" : "cannot tell" };
}
