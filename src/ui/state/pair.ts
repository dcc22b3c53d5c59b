/** Two runs of one seed to be seen side by side: those of an experiment, or the run on the page and its pair. */
import { differences } from "./compare";
import type { Experiment } from "./experiments";
import { isAsked, isComplete, isSweep, nextOf, ownWords, queryOf } from "./experiments";
import { looksOf } from "./looks";
import { pairedRows } from "./outcome";
import { BEFORE, currentRun, partnerOf, type Run } from "./runs";
import { begun } from "./selectors";
import type { State } from "./store";

export interface Side {
  /** What it is in a few words, such as its settings. */
  words: string;
  /** Absent where it has yet to begin, and where it was deleted. */
  run?: Run;
  missing?: string;
}

export interface Pair {
  /** Whether an experiment asked for it. */
  asked: boolean;
  /** Of both; undefined where they have not the same. */
  seed?: number;
  sides: readonly [a: Side, b: Side];
}

const AHEAD = "Its run is still to come.";
const DELETED = "This run was deleted, with its curve and its maps. Its score still counts.";

/** The pair to show; undefined where there is none. */
export function pairOf(state: State): Pair | undefined {
  if (state.watching) return undefined;
  const { experiment } = state;
  return experiment && !isSweep(experiment) ? ofExperiment(experiment, state) : ofRun(state);
}

/** Of the seed under way once both its runs are, or its second is; until then of the seed before. */
function ofExperiment(experiment: Experiment, state: State): Pair | undefined {
  const complete = isComplete(experiment);
  const next = nextOf(experiment);
  const before = pairedRows(experiment).at(-1);
  if (complete && !before) return undefined;
  const lives = begun(state) || state.phase === "running" ? livesOf(state) : [];
  const isSecondThere = next.index > 0 || lives.some((one) => isAsked(one, queryOf(experiment, 1, next.seed)));
  const seed = before && (complete || !isSecondThere) ? before.seed : next.seed;
  const side = (index: 0 | 1): Side => {
    const query = queryOf(experiment, index, seed);
    const ended = typeof experiment.scores[index][seed - 1] === "number";
    const live = ended ? undefined : lives.find((one) => isAsked(one, query));
    const kept = ended ? state.runs.findLast((one) => one.step >= one.total && isAsked(one, query)) : undefined;
    return { words: ownWords(experiment, index), run: live ?? kept, missing: ended ? DELETED : AHEAD };
  };
  return { asked: true, seed, sides: [side(0), side(1)] };
}

/** The run under way, and the one that goes step for step with it: these have pictures of the same steps, not of tests alone. */
function livesOf(state: State): Run[] {
  const all = state.beside ? [state, state.beside.getState()] : [state];
  return all.flatMap((one) => {
    const run = currentRun(one);
    return run ? [{ ...run, looks: looksOf(one, all.length > 1) }] : [];
  });
}

/** The run on the page, and the one it is to be set against: the one that goes with it, its pair, or the baseline. */
function ofRun(state: State): Pair | undefined {
  const [now, beside] = begun(state) ? livesOf(state) : [];
  if (!now) return undefined;
  const other = beside ? { ...beside, name: "the run beside it" } : againstWhich(now, state);
  if (!other) return undefined;
  const sides = [
    { words: unlike(now, other, "this run"), run: now },
    { words: unlike(other, now, other.name), run: other },
  ] as const;
  const { seed } = now.settings;
  return { asked: false, ...(seed === other.settings.seed && { seed: Number(seed) }), sides };
}

function againstWhich(now: Run, state: State): Run | undefined {
  const partner = partnerOf({ ...now, step: now.total }, state);
  return partner && partner.as !== BEFORE ? partner.run : undefined;
}

/** What a run has that the other has not: "keep=0.5"; where all is alike, its name. */
function unlike({ settings }: Run, other: Run, name: string): string {
  return (
    differences(settings, other.settings)
      .map((key) => `${key}=${settings[key]}`)
      .join(" ") || name
  );
}

/** The last step, at or before another, of which both runs have maps, or the one run that has any; undefined where there is none. */
export function sharedStep(sides: readonly Side[], most = Number.POSITIVE_INFINITY): number | undefined {
  const [first = [], ...others] = sides.map(({ run }) => run?.looks?.map(({ step }) => step) ?? []).filter((steps) => steps.length);
  const shared = first.filter((step) => others.every((steps) => steps.includes(step)));
  return shared.findLast((step) => step <= most) ?? shared[0];
}
