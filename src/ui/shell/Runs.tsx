/** Runs that ended: their results side by side, one of them the baseline, their curves beside the current ones. */
import { lazy, Suspense } from "react";
import { useShallow } from "zustand/shallow";
import { runColour } from "../charts/curves";
import { percent, points, reach, short, signed } from "../format";
import { savedRuns, settings, useStore } from "../state/app";
import { savedOf } from "../state/compare";
import { difference } from "../state/difference";
import { areComparable, type Run, whatItWas } from "../state/runs";
import { scoreOf } from "../state/score";
import { pageOf } from "../tasks";
import { FilePicker } from "./FilePicker";
import { RunName } from "./RunName";

const RunsExport = lazy(() => import("../charts/Export").then((loaded) => ({ default: loaded.RunsExport })));
const SweepForm = lazy(() => import("./SweepForm"));
const KeptRuns = lazy(() => import("./KeptRuns"));

export function Runs() {
  const { runs, baseline } = useStore(useShallow(({ runs, baseline }) => ({ runs, baseline })));
  const kept = useStore((state) => state.kept.length > 0);
  const pinned = runs.find(({ id }) => id === baseline);
  return (
    <section className="panel runs" aria-labelledby="runs-title">
      <h2 id="runs-title">Runs</h2>
      {runs.length === 0 ? (
        <p className="hint">Runs that end or are stopped are kept here, in this browser, so that you can compare later ones with them.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
        <section className="scroll" tabIndex={0} aria-label="List of runs">
          <table>
            <thead>
              <tr>
                {["run", "what it was", "steps", "held out", pinned ? `against ${pinned.name}` : "noise", "teacher MACs saved", ""].map(
                  (title) => (
                    <th key={title} scope="col">
                      {title || <span className="hidden">What to do with it</span>}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            <tbody>
              {runs.toReversed().map((run) => (
                <Row key={run.id} run={run} pinned={pinned} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {kept && (
        <Suspense>
          <KeptRuns />
        </Suspense>
      )}
      <Suspense>
        <SweepForm />
      </Suspense>
      <div className="buttons">
        <FilePicker label="Log of a run" accept=".jsonl" onPick={([file]) => void savedRuns.openLog(file)}>
          Open a log or a sweep
        </FilePicker>
        {runs.length > 0 && (
          <Suspense>
            <RunsExport />
          </Suspense>
        )}
      </div>
    </section>
  );
}

function Row({ run, pinned: baseline }: { run: Run; pinned?: Run }) {
  const pinned = baseline && areComparable(run, baseline) ? baseline : undefined;
  const { value, margin } = scoreOf(run);
  const saved = savedOf(run, "macs", "fullMacs");
  const isPinned = run.id === pinned?.id;
  return (
    <tr data-run={run.id}>
      <th scope="row">
        <span className="swatch" style={{ background: runColour(run.colour) }} aria-hidden="true" />
        <RunName name={run.name} rename={(to) => savedRuns.rename(run.id, to)} />
      </th>
      <td className="what">{whatItWas(run, isPinned ? undefined : pinned)}</td>
      <td>
        {short(run.step)}
        {run.step < run.total && ` of ${short(run.total)}`}
      </td>
      <td>
        <b>{percent(value)}</b> {pageOf(run.settings.preset).words.score}
      </td>
      <td>{pinned && !isPinned ? against(run, pinned) : margin !== undefined && `± ${points(margin)}`}</td>
      <td>{saved !== undefined ? percent(saved) : run.teacher ? "–" : "no teacher"}</td>
      <td>
        <div className="buttons">
          <button
            type="button"
            aria-pressed={run.shown}
            onClick={() => savedRuns.show(run.id, !run.shown)}
            aria-label={`Curve of ${run.name}`}
          >
            Curve
          </button>
          <button type="button" aria-pressed={isPinned} onClick={() => savedRuns.pin(run.id)} aria-label={`${run.name} as baseline`}>
            Baseline
          </button>
          <button
            type="button"
            onClick={() => settings.setUp(run.settings)}
            title="Puts its settings into the panel"
            aria-label={`Load the settings of ${run.name}`}
          >
            Load settings
          </button>
          <button type="button" onClick={() => savedRuns.delete(run.id)} aria-label={`Delete ${run.name}`}>
            Delete
          </button>
        </div>
      </td>
    </tr>
  );
}

function against(run: Run, pinned: Run): string {
  if (run.dataset?.id !== pinned.dataset?.id) return "other data";
  const { by, interval } = difference(run, pinned);
  const moved = `${signed(100 * by)} points`;
  return interval ? `${moved} [${reach(interval.map((end) => 100 * end))}]` : moved;
}
