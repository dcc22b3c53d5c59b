/** The experiment under way: how far it has come, and what it says of the claim. */
import type { Agreement } from "../../metrics/paired";
import { points } from "../format";
import { experiments } from "../state/app";
import { doneOf, type Experiment, isComplete, nextOf } from "../state/experiments";
import { outcomeOf } from "../state/outcome";

/** What a verdict is called for somebody who guesses. */
export const GUESSES: Record<Agreement, string> = {
  agrees: "as the paper says",
  opposite: "the other way round",
  "cannot tell": "too close to tell",
};

export default function ExperimentCard({ experiment }: { experiment: Experiment }) {
  const { title, paper, halted, seeds } = experiment;
  const complete = isComplete(experiment);
  return (
    <section className="card experiment" aria-labelledby="experiment-title">
      <h2 id="experiment-title">{title}?</h2>
      <p>The paper: {paper}.</p>
      <p role="status">{complete ? toldOf(experiment) : `${progressOf(experiment)} ${toldOf(experiment)}`}</p>
      {!complete && <progress max={2 * seeds} value={doneOf(experiment)} aria-label="Runs done" />}
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
          Close the experiment
        </button>
      </div>
    </section>
  );
}

function progressOf(experiment: Experiment): string {
  const { index, seed } = nextOf(experiment);
  return `Run ${doneOf(experiment) + 1} of ${2 * experiment.seeds}: ${ownWords(experiment, index)}, seed ${seed}.`;
}

/** What one of the two settings says that the other does not: "keep=0.5". */
function ownWords({ cases }: Experiment, index: 0 | 1): string {
  const [own, other] = [cases[index], cases[1 - index]].map((query) => new URLSearchParams(query));
  const words = [...own].filter(([key, value]) => other.get(key) !== value).map((pair) => pair.join("="));
  return words.join(" ") || "defaults";
}

/** What the pairs so far say, and how the visitor's guess did. */
export function toldOf(experiment: Experiment): string {
  const outcome = outcomeOf(experiment);
  if (!outcome) return "";
  const { difference, interval, seeds, verdict } = outcome;
  const by = `${difference > 0 ? "+" : ""}${points(difference)}`;
  if (seeds < 2) return `One pair so far: ${by}. One pair cannot tell.`;
  const ends = interval.map((end) => (100 * end).toFixed(1)).join(" to ");
  const { guess } = experiment;
  const guessed = isComplete(experiment) && guess ? ` You expected: ${GUESSES[guess]}.` : "";
  return `Over ${seeds} seeds: ${by}, 95 % interval ${ends}: ${GUESSES[verdict]}.${guessed}`;
}
