/** Runs that ended: their results side by side, one of them the baseline, their curves beside the current ones. */
import { useState } from "react";
import { useShallow } from "zustand/shallow";
import { defaults } from "../../settings/experiment";
import { labelOf, runColour } from "../charts/curves";
import { percent, points, short } from "../format";
import { setUp } from "../state/actions";
import { methodOf } from "../state/methodInfo";
import { areComparable, type Run, reason } from "../state/runs";
import { deleteRun, pinRun, renameRun, showRun } from "../state/savedRuns";
import { isOwn } from "../state/sources";
import { useStore } from "../state/store";
import { difference, savedOf, scoreOf } from "../state/summary";

export function Runs() {
  const { runs, baseline } = useStore(useShallow(({ runs, baseline }) => ({ runs, baseline })));
  const pinned = runs.find(({ id }) => id === baseline);
  return (
    <section className="panel runs" aria-labelledby="runs-title">
      <h2 id="runs-title">Runs</h2>
      {runs.length === 0 ? (
        <p className="hint">Runs that end, or are stopped, are kept here in this browser, to be compared with the next ones.</p>
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
    </section>
  );
}

function Row({ run, pinned: baseline }: { run: Run; pinned?: Run }) {
  const pinned = baseline && areComparable(run, baseline) ? baseline : undefined;
  const { name, value, margin } = scoreOf(run);
  const saved = savedOf(run, "macs", "fullMacs");
  const isPinned = run.id === pinned?.id;
  return (
    <tr data-run={run.id}>
      <th scope="row">
        <span className="swatch" style={{ background: runColour(run.colour) }} aria-hidden="true" />
        <Name run={run} />
      </th>
      <td className="what">{what(run, isPinned ? undefined : pinned)}</td>
      <td>
        {short(run.step)}
        {run.step < run.total && ` of ${short(run.total)}`}
      </td>
      <td>
        <b>{percent(value)}</b> {name === "top1" ? "" : labelOf(name)}
      </td>
      <td>{pinned && !isPinned ? against(run, pinned) : margin !== undefined && `± ${points(margin)}`}</td>
      <td>{saved !== undefined ? percent(saved) : run.teacher ? "–" : "no teacher"}</td>
      <td>
        <div className="buttons">
          <button type="button" aria-pressed={run.shown} onClick={() => showRun(run.id, !run.shown)} aria-label={`Curve of ${run.name}`}>
            Curve
          </button>
          <button type="button" aria-pressed={isPinned} onClick={() => pinRun(run.id)} aria-label={`${run.name} as baseline`}>
            Baseline
          </button>
          <button
            type="button"
            onClick={() => setUp(run.settings)}
            title="Puts its settings into the panel"
            aria-label={`Set up ${run.name} again`}
          >
            Set up
          </button>
          <button type="button" onClick={() => deleteRun(run.id)} aria-label={`Delete ${run.name}`}>
            Delete
          </button>
        </div>
      </td>
    </tr>
  );
}

/** What a run was: how it differs from the baseline, or else from the defaults. */
function what({ settings, changes, dataset }: Run, from?: Run): string {
  const differs = reason(from?.settings ?? defaults(settings.preset), settings) || (from ? "same settings" : "defaults");
  const own = dataset && isOwn(dataset) ? `${dataset.name}: ` : "";
  const method = from ? "" : `${methodOf(settings.preset).label}: `;
  return `${own}${method}${differs}${changes.length ? `; ${changes.length} live changes` : ""}`;
}

function against(run: Run, pinned: Run): string {
  if (run.dataset?.id !== pinned.dataset?.id) return "other data";
  const { by, noise } = difference(run, pinned);
  const moved = `${by < 0 ? "−" : "+"}${points(Math.abs(by))}`;
  return noise === undefined ? moved : `${moved}, ${Math.abs(by) <= noise ? "within" : "beyond"} ± ${(100 * noise).toFixed(1)}`;
}

/** The name, which turns into a field when pressed. */
function Name({ run }: { run: Run }) {
  const [text, setText] = useState<string>();
  if (text === undefined)
    return (
      <button type="button" className="name" onClick={() => setText(run.name)} title="Rename">
        {run.name}
      </button>
    );
  const done = (name: string) => {
    if (name.trim()) renameRun(run.id, name.trim());
    setText(undefined);
  };
  return (
    <input
      value={text}
      aria-label={`New name of ${run.name}`}
      // biome-ignore lint/a11y/noAutofocus: it takes the place of the button that was just pressed
      autoFocus
      maxLength={40}
      onChange={({ target }) => setText(target.value)}
      onBlur={() => done(text)}
      onKeyDown={({ key }) => {
        if (key === "Enter") done(text);
        if (key === "Escape") setText(undefined);
      }}
    />
  );
}
