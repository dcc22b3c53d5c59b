/** How a run goes: every number it reports over the planned steps. Loaded after the page, with the chart library. */
import { useState } from "react";
import { useStore } from "../state/app";
import { isWeighted } from "../state/contributions";
import { presetOf } from "../state/selectors";
import { pageOf } from "../tasks";
import { Chart } from "./Chart";
import { chartsOf, LOSS_VIEWS, type LossView, lossCharts } from "./curves";
import "./charts.css";

export default function Charts() {
  const preset = useStore(presetOf);
  const page = pageOf(preset);
  const [view, setView] = useState<LossView>("added");
  const [recent, setRecent] = useState(false);
  const terms = useStore((state) => Object.keys(state.history.points.at(-1)?.losses ?? {}).join(" "));
  const losses = lossCharts(view, terms.split(" ").filter(Boolean), page.curves, isWeighted(preset));
  return (
    <section className="panel charts" aria-labelledby="charts-title">
      <div className="panel-head">
        <h2 id="charts-title">How it learns</h2>
        <label className="check">
          Loss
          <select value={view} onChange={({ target }) => setView(target.value as LossView)}>
            {Object.entries(LOSS_VIEWS).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label className="check">
          <input type="checkbox" checked={recent} onChange={({ target }) => setRecent(target.checked)} /> last steps only
        </label>
      </div>
      <div className="chart-grid">
        {chartsOf(page, losses).map((kind) => (
          <Chart key={kind.id} kind={kind} page={page} recent={recent} />
        ))}
      </div>
    </section>
  );
}
