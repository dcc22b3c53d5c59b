/** How a run goes: every number it reports over the planned steps. Loaded after the page, with the chart library. */
import { useMemo, useState } from "react";
import { CHARTS } from "../curves";
import type { Point } from "../history";
import { useStore } from "../store";
import { Chart } from "./Chart";

export default function Charts() {
  const version = useStore((state) => state.version);
  const history = useStore((state) => state.history);
  const [log, setLog] = useState(false);
  // Curves grow in place; a new array tells the chart library.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents
  const points = useMemo(() => [...history.points], [history, version]);
  const few = useMemo(() => thinned(points), [points]);
  return (
    <section className="panel charts" aria-labelledby="charts-title">
      <div className="panel-head">
        <h2 id="charts-title">How it learns</h2>
        <label className="check">
          <input type="checkbox" checked={log} onChange={({ target }) => setLog(target.checked)} /> logarithmic loss
        </label>
      </div>
      <div className="chart-grid">
        {CHARTS.map((kind) => (
          <Chart key={kind.id} kind={kind} points={kind.small ? few : points} history={history} log={log && kind.id === "loss"} />
        ))}
      </div>
    </section>
  );
}

/** As many as a small chart has room for: every point drawn costs time. */
const FEW = 120;

function thinned(points: Point[]): Point[] {
  const stride = Math.ceil(points.length / FEW);
  return points.filter((_, i) => (points.length - 1 - i) % stride === 0);
}
