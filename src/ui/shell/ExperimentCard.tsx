/** The experiment or the sweep under way: how far it has come, and what it says. */
import { lazy, Suspense } from "react";
import { mean } from "../../metrics/verdicts";
import { HeadedTable } from "../draw/HeadedTable";
import { percent, signed } from "../format";
import { experiments } from "../state/app";
import { doneOf, type Experiment, isComplete, isSweep, nextOf, ownWords, type Sweep, settingsIn } from "../state/experiments";
import { drawingOf as drawingOfPairs, pairedRows, type Row, rowsOf, toldOf } from "../state/outcome";
import { drawingOf, sweepTitle } from "../state/sweep";
import { pageOf } from "../tasks";

const FigureChart = lazy(() => import("../charts/FigureChart"));

const NOTE =
  "Each dot is a run. Where a case has several, the larger mark is their mean and the bar its 95 % interval; with one run a case, nothing is told from chance.";

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
      {isSweep(experiment) && (
        <div className="figure-place">
          <Suspense>{doneOf(experiment) > 0 && <FigureChart drawing={drawingOf(experiment)} note={NOTE} />}</Suspense>
        </div>
      )}
      {!isSweep(experiment) && <Pairs experiment={experiment} />}
      {halted && <p className="heed">It waits: {halted}</p>}
      <div className="buttons">
        {halted && (
          <button type="button" onClick={() => experiments.goOn()}>
            Go on
          </button>
        )}
        {halted && (
          <button
            type="button"
            onClick={() => experiments.leaveOut()}
            title={isSweep(experiment) ? "Without the run that is to come" : "Without this seed, of which a pair would lack a run"}
          >
            Leave it out
          </button>
        )}
        {!complete && !halted && (
          <button type="button" onClick={() => experiments.halt("You halted it; what is under way goes on.")}>
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

function progressOf(series: Experiment | Sweep): string {
  const { index, seed, beside } = nextOf(series);
  const [now, all] = [doneOf(series) + 1, series.cases.length * series.seeds];
  if (beside !== undefined) return `Runs ${now} and ${now + 1} of ${all}, step for step: seed ${seed}.`;
  const apart = !isSweep(series) && series.apart ? ` One after the other: ${series.apart}` : "";
  return `Run ${now} of ${all}: ${ownWords(series, index)}, seed ${seed}.${apart}`;
}

/** Seed by seed what both came to, and how they differ; as a figure, too. */
function Pairs({ experiment }: { experiment: Experiment }) {
  const { words } = pageOf(settingsIn(experiment.cases[0]).preset);
  const rows = rowsOf(experiment);
  const pairs = pairedRows(experiment);
  const meanOf = (of: "first" | "second") => (pairs.length > 1 ? mean(pairs.map((row) => row[of])) : undefined);
  return (
    <>
      <section className="scroll">
        <HeadedTable heads={["seed", `A: ${ownWords(experiment, 0)}`, `B: ${ownWords(experiment, 1)}`, "A − B"]}>
          {rows.map((row) => (
            <PairRow key={row.seed} name={String(row.seed)} row={row} />
          ))}
          {experiment.seeds > 1 && <PairRow name="mean" row={{ first: meanOf("first"), second: meanOf("second") }} />}
        </HeadedTable>
      </section>
      {experiment.seeds > 1 && (
        <details>
          <summary>As a figure</summary>
          {pairs.length ? (
            <Suspense>
              <FigureChart drawing={drawingOfPairs(experiment, words.score)} note={PAIRS_NOTE} />
            </Suspense>
          ) : (
            <p className="hint">It comes with the first pair.</p>
          )}
        </details>
      )}
    </>
  );
}

const PAIRS_NOTE =
  "Each line joins the two runs of a seed; the bars are 95 % intervals of the means. What counts is the difference within seeds.";

function PairRow({ name, row: { first, second } }: { name: string; row: Omit<Row, "seed"> }) {
  const cell = (score: Row["first"]) => (typeof score === "number" ? percent(score) : score === null ? "left out" : "…");
  const both = typeof first === "number" && typeof second === "number";
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{cell(first)}</td>
      <td>{cell(second)}</td>
      <td>{both && signed(100 * (first - second))}</td>
    </tr>
  );
}
