/** Proposition 1 of the paper, measured while one looks: an untrained class token attends to patches almost alike, the more so where they are alike. */
import { lazy, Suspense, useEffect, useState } from "react";
import { Z95 } from "../../../metrics/distributions";
import { standardError } from "../../../metrics/paired";
import { attentionGap, boundShape, expectedGap } from "../../../metrics/proposition";
import { mean } from "../../../metrics/verdicts";
import type { Drawing, DrawnLine } from "../../../tasks/claims";
import { short } from "../../format";

const FigureChart = lazy(() => import("../../charts/FigureChart"));

const DIMENSIONS = [16, 32, 64, 128, 256];
/** Draws at each dimension. */
const DRAWS = 24;

export function Proposition() {
  const [open, setOpen] = useState(false);
  return (
    <section className="panel proposition" aria-labelledby="proposition-title">
      <h2 id="proposition-title">What an untrained student chooses by</h2>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>Proposition 1, measured</summary>
        {open && <Measured />}
      </details>
    </section>
  );
}

function Measured() {
  const [at, setAt] = useState(2);
  const gaps = useGaps();
  const d = DIMENSIONS[at];
  const here = gaps[at];
  return (
    <>
      <p>
        Let <i>c</i>, <i>W</i>
        <sub>q</sub> and <i>W</i>
        <sub>k</sub> have entries from N(0, 1/<i>d</i>), as before training. How differently does the class token attend to two tokens one
        apart?
      </p>
      <label>
        Dimension <i>d</i>: {d}
        <input
          type="range"
          min={0}
          max={DIMENSIONS.length - 1}
          value={at}
          onChange={({ target }) => setAt(Number(target.value))}
          aria-valuetext={String(d)}
        />
      </label>
      <p className="figures">
        {here.length < DRAWS
          ? `Drawing … ${here.length} of ${DRAWS}`
          : `Measured ${short(mean(here))}, mean of ${DRAWS} draws; √(2/π)/d is ${short(expectedGap(d))}.`}
      </p>
      <Suspense fallback={<p>Loading the chart …</p>}>
        <FigureChart
          drawing={drawn(gaps)}
          log
          note="The difference shrinks as 1/d, faster than the paper's bound (drawn to meet the first point), and with the distance of the patches. So patches that are alike are kept or hidden together, as the authors have it; which of them are kept depends on the first weights. Compare the pictures of the untrained student."
        />
      </Suspense>
    </>
  );
}

/** Draws by dimension, a few more with each frame. */
function useGaps(): number[][] {
  const [gaps, setGaps] = useState<number[][]>(() => DIMENSIONS.map(() => []));
  const missing = gaps.findIndex(({ length }) => length < DRAWS);
  useEffect(() => {
    if (missing < 0) return;
    const frame = requestAnimationFrame(() =>
      setGaps((all) => all.map((values, i) => (i === missing ? [...values, attentionGap(DIMENSIONS[i], values.length)] : values))),
    );
    return () => cancelAnimationFrame(frame);
  });
  return gaps;
}

function drawn(gaps: readonly number[][]): Drawing {
  const known = DIMENSIONS.map((d, i) => ({ d, values: gaps[i] })).filter(({ values }) => values.length === DRAWS);
  const measured = known.map(({ d, values }): DrawnLine["points"][number] => [d, mean(values), ...around(values)]);
  const first = measured[0]?.[1] ?? expectedGap(DIMENSIONS[0]);
  const constant = first / boundShape(DIMENSIONS[0]);
  const along = (value: (d: number) => number) => DIMENSIONS.map((d): DrawnLine["points"][number] => [d, value(d), null, null]);
  return {
    ...{
      study: "proposition",
      id: "1",
      title: "Difference of attention to two tokens",
      paper: "Proposition 1",
      x: "dimension d",
      y: "E|f(x) − f(y)| / |x − y|",
    },
    lines: [
      { label: "measured", seeds: 0, points: measured },
      { label: "√(2/π)/d", seeds: 0, points: along(expectedGap) },
      { label: "bound, C log log d / √d", seeds: 0, points: along((d) => constant * boundShape(d)) },
    ].filter(({ points }) => points.length > 0),
  };
}

/** The 95 % interval of a mean. */
function around(values: readonly number[]): [low: number, high: number] {
  const reach = Z95 * standardError(values);
  return [mean(values) - reach, mean(values) + reach];
}
