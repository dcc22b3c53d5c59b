/** How the score of one run differs from that of another, and how sure that is. */
import { unpackBits } from "../../metrics/bits";
import { mcnemar, overSeeds, type Seeded } from "../../metrics/paired";
import { differences, isSteered } from "./compare";
import type { Run } from "./runs";
import { scoreOf } from "./score";

export interface Difference {
  by: number;
  /** 95 % interval of the two students on such images: of their answers to the same ones, or else of two independent shares. */
  interval?: readonly [low: number, high: number];
  /** McNemar's p, where both runs' answers are known. */
  p?: number;
  /** Over pairs of runs that are like these but for the seed, where there are at least two. */
  seeds?: Seeded;
}

/** The first minus the second; `runs` are those among which there may be the same two with other seeds. */
export function difference(now: Run, other: Run, runs: readonly Run[] = []): Difference {
  return { by: scoreOf(now).value - scoreOf(other).value, ...ofAnswers(now, other), seeds: ofSeeds(now, other, runs) };
}

function ofAnswers(now: Run, other: Run): Pick<Difference, "interval" | "p"> {
  const [a, b] = [scoreOf(now), scoreOf(other)];
  const [right, otherRight] = [now, other].map(({ evaluations }) => evaluations[evaluations.length - 1].right);
  if (right && otherRight && a.count === b.count && now.dataset?.id === other.dataset?.id) {
    const { interval, p } = mcnemar(unpackBits(right, a.count), unpackBits(otherRight, b.count));
    return { interval, p };
  }
  if (a.margin === undefined || b.margin === undefined) return {};
  const noise = Math.hypot(a.margin, b.margin);
  return { interval: [a.value - b.value - noise, a.value - b.value + noise] };
}

function ofSeeds(now: Run, other: Run, runs: readonly Run[]): Seeded | undefined {
  const scores = (like: Run) =>
    new Map([...runs, like].filter((run) => isLike(run, like)).map((run) => [Number(run.settings.seed), scoreOf(run).value]));
  const [first, second] = [scores(now), scores(other)];
  const shared = [...first.keys()].filter((seed) => second.has(seed));
  return shared.length > 1 ? overSeeds(first, second) : undefined;
}

/** Whether two runs are alike but for the seed. */
export function isLike(a: Run, b: Run): boolean {
  const same = a.step === b.step && a.teacher === b.teacher && a.dataset?.id === b.dataset?.id;
  const steered = isSteered(a) || isSteered(b);
  return (
    a === b ||
    (same && !steered && a.settings.preset === b.settings.preset && differences(a.settings, b.settings).every((key) => key === "seed"))
  );
}

/** Whether an interval leaves the sign open. */
export const holdsZero = ([low, high]: readonly [number, number]): boolean => low <= 0 && high >= 0;
