/** How a run goes: every number it reports over the planned steps. Loaded after the page, with the chart library. */
import { useState } from "react";
import { isDetection } from "../../settings/experiment";
import { presetOf, useStore } from "../state/store";
import { Chart } from "./Chart";
import { chartsOf } from "./curves";

export default function Charts() {
  const charts = chartsOf(useStore((state) => isDetection(presetOf(state))));
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
        {charts.map((kind) => (
          <Chart key={kind.id} kind={kind} log={log && kind.id === "loss"} />
        ))}
      </div>
    </section>
  );
}
