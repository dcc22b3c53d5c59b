/** The experiment or the sweep under way: how far it has come, and what it says. */
import { lazy, Suspense } from "react";
import type { Agreement } from "../../metrics/paired";
import { SCHEMA } from "../../tasks";
import { reach, signed } from "../format";
import { experiments } from "../state/app";
import { doneOf, type Experiment, isComplete, isSweep, nextOf, type Series, type Sweep } from "../state/experiments";
import { outcomeOf } from "../state/outcome";
import { drawingOf, sweepTitle } from "../state/sweep";

const FigureChart = lazy(() => import("../charts/FigureChart"));

const NOTE =
  "Each dot is a run. Where a case has several, the larger mark is their mean and the bar its 95 % interval; with one run a case, nothing is told from chance.";

/** What a verdict is called for somebody who guesses. */
export const GUESSES: Record<Agreement, string> = {
  agrees: "as the paper says",
  opposite: "the other way round",
  "cannot tell": "too close to tell",
};

export default function ExperimentCard({ experiment }: { experiment: Experiment | Sweep }) {
  const { halted, seeds, cases } = experiment;
  const complete = isComplete(experiment);
  const what = isSweep(experiment) ? "sweep" : "experiment";
  return (
    <section className="card experiment" aria-labelledby="experiment-title">
      <h2 id="experiment-title">{isSweep(experiment) ? sweepTitle(experiment) : "A claim, tried here"}</h2>
      {!isSweep(experiment) && (
        <p>
          <b>{experiment.title}.</b> The paper: {experiment.paper}.
        </p>
      )}
      <p role="status">{[!complete && progressOf(experiment), !isSweep(experiment) && toldOf(experiment)].filter(Boolean).join(" ")}</p>
      {!complete && <progress max={cases.length * seeds} value={doneOf(experiment)} aria-label="Runs done" />}
      {isSweep(experiment) && doneOf(experiment) > 0 && (
        <Suspense>
          <FigureChart drawing={drawingOf(experiment)} note={NOTE} />
        </Suspense>
      )}
      {halted && <p className="heed">It waits: {halted}</p>}
      <div className="buttons">
        {halted && (
          <button type="button" onClick={() => experiments.goOn()}>
            Go on
          </button>
        )}
        {!complete && !halted && (
          <button type="button" onClick={() => experiments.halt("You halted it; the run under way goes on.")}>
            Halt
          </button>
        )}
        <button type="button" onClick={() => experiments.close()}>
          Close the {what}
        </button>
      </div>
    </section>
  );
}

function progressOf(series: Series): string {
  const { index, seed } = nextOf(series);
  return `Run ${doneOf(series) + 1} of ${series.cases.length * series.seeds}: ${ownWords(series, index)}, seed ${seed}.`;
}

/** What the cases differ in, and what one of them says of it: "keep=0.5", be it the default or not. */
function ownWords({ cases }: Series, index: number): string {
  const all = cases.map((query) => SCHEMA.fromPairs(withoutData(query)).settings);
  const own = all[index];
  const keys = Object.keys(own).filter((key) => all.some((other) => other[key] !== own[key]));
  return keys.map((key) => `${key}=${own[key]}`).join(" ");
}

function withoutData(query: string): URLSearchParams {
  const words = new URLSearchParams(query);
  words.delete("data");
  return words;
}

/** What the pairs so far say, and how the visitor's guess did. */
export function toldOf(experiment: Experiment): string {
  const outcome = outcomeOf(experiment);
  if (!outcome) return "";
  const { difference, interval, seeds, verdict } = outcome;
  const by = `${signed(100 * difference)} points`;
  if (seeds < 2) return `One pair so far: ${by}. One pair cannot tell.`;
  const { guess } = experiment;
  const guessed = isComplete(experiment) && guess ? ` You expected: ${GUESSES[guess]}.` : "";
  return `Over ${seeds} seeds: ${by}, 95 % interval ${reach(interval.map((end) => 100 * end))}: ${GUESSES[verdict]}.${guessed}`;
}
