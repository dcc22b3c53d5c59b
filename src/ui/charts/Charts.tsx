/** How a run goes: every number it reports over the planned steps. Loaded after the page, with the chart library. */
import { useState } from "react";
import { useStore } from "../state/app";
import { presetOf } from "../state/selectors";
import { pageOf } from "../tasks";
import { Chart } from "./Chart";
import { chartsOf } from "./curves";
import "./charts.css";

export default function Charts() {
  const page = pageOf(useStore(presetOf));
  const [log, setLog] = useState(false);
  return (
    <section className="panel charts" aria-labelledby="charts-title">
      <div className="panel-head">
        <h2 id="charts-title">How it learns</h2>
        <label className="check">
          <input type="checkbox" checked={log} onChange={({ target }) => setLog(target.checked)} /> logarithmic loss
        </label>
      </div>
      <div className="chart-grid">
        {chartsOf(page).map((kind) => (
          <Chart key={kind.id} kind={kind} page={page} log={log && kind.id === "loss"} />
        ))}
      </div>
    </section>
  );
}
