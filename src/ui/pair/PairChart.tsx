/** Curves of two runs on one axis: what was measured held out, or any number that both report. */
import { useState } from "react";
import { ErrorBar, Line } from "recharts";
import { ChartFrame } from "../charts/ChartFrame";
import { type ChartKind, runColour } from "../charts/curves";
import { LineKey } from "../charts/keys";
import { percent, short, signed, unbroken } from "../format";
import { useStore } from "../state/app";
import { at, numbersOf } from "../state/history";
import type { Pair } from "../state/pair";
import type { Run } from "../state/runs";
import { scoreOf } from "../state/score";
import { presetOf, shownStep } from "../state/selectors";
import { pageOf } from "../tasks";
import type { TaskPage } from "../tasks/page";

const DASHES = [undefined, "6 3"] as const;
const NAMES = ["A", "B"] as const;

interface Datum {
  step: number;
  y: number;
  /** How far its 95 % interval goes down and up, where that is known. */
  reach?: [number, number];
}

/** Something that both runs can be drawn by. */
interface Measure {
  id: string;
  label: string;
  format(value: number): string;
  of(run: Run): Datum[];
}

export function PairChart({ pair: { sides }, words }: { pair: Pair; words: readonly string[] }) {
  const [wanted, want] = useState("held");
  const cursor = useStore(shownStep);
  const runs = sides.map(({ run }) => run);
  const preset = useStore(presetOf);
  const there = runs.filter((run) => run !== undefined);
  const measures = measuresOf(there, pageOf(there[0]?.settings.preset ?? preset));
  const measure = measures.find(({ id }) => id === wanted) ?? measures[0];
  const curves = runs.map((run) => (run ? measure.of(run) : []));
  const kind: ChartKind = { id: "pair", title: measure.label, of: "", format: measure.format };
  const total = Math.max(1, ...there.map((run) => run.total));
  const longest = runs.find((run) => run?.points.length)?.points ?? [];
  return (
    <figure className="chart pair-chart" data-chart="pair">
      <figcaption>
        <select aria-label="What is drawn of both runs" value={measure.id} onChange={({ target }) => want(target.value)}>
          {measures.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
        {words.map((label, i) => (
          <LineKey key={label} colour={runColour(i)} dash={DASHES[i]} label={label} />
        ))}
      </figcaption>
      <ChartFrame kind={kind} points={longest} domain={[0, total]} empty={curves.every((curve) => !curve.length)}>
        {curves.map((curve, i) => (
          <Line
            key={NAMES[i]}
            data={curve}
            dataKey="y"
            type="linear"
            stroke={runColour(i)}
            strokeWidth={2}
            strokeDasharray={DASHES[i]}
            dot={curve.length < FEW && { r: 3, fill: runColour(i), strokeDasharray: "none" }}
            activeDot={false}
            isAnimationActive={false}
          >
            {curve.some(({ reach }) => reach) && <ErrorBar dataKey="reach" direction="y" width={4} stroke={runColour(i)} />}
          </Line>
        ))}
      </ChartFrame>
      <p className="summary">{unbroken(summary(measure, curves, cursor))}</p>
    </figure>
  );
}

/** Points that are drawn as dots, too. */
const FEW = 30;

/** Held-out scores first, then every loss and share that all of these runs report. */
function measuresOf(runs: readonly Run[], page: TaskPage): Measure[] {
  const held: Measure = {
    ...{ id: "held", label: `${page.words.score}, held out`, format: percent },
    of: (run) =>
      run.evaluations.map((evaluation) => {
        const { value, margin } = scoreOf({ evaluations: [evaluation], settings: run.settings });
        // No share is below 0.
        return { step: evaluation.step, y: value, reach: margin === undefined ? undefined : [Math.min(value, margin), margin] };
      }),
  };
  const reported = (["losses", "smooth"] as const).flatMap((set) =>
    Object.keys(numbersOf(runs[0]?.points.at(-1), set))
      .filter((name) => runs.every((run) => name in numbersOf(run.points.at(-1), set)))
      .map((name): Measure => {
        const of = (run: Run) => run.points.map((point) => ({ step: point.step, y: numbersOf(point, set)[name] }));
        const label = page.curves[name]?.label ?? name;
        return set === "losses"
          ? { id: `losses ${name}`, label: `loss: ${label}`, format: short, of }
          : { id: `smooth ${name}`, label: `on batches: ${label}`, format: percent, of };
      }),
  );
  return [held, ...reported];
}

/** Both values, and their difference, at the cursor or else at the last step that both have. */
function summary({ format }: Measure, [a, b]: Datum[][], cursor: number | undefined): string {
  if (!a.length && !b.length) return "Nothing yet.";
  const last = Math.min(
    a.at(-1)?.step ?? Number.POSITIVE_INFINITY,
    b.at(-1)?.step ?? Number.POSITIVE_INFINITY,
    cursor ?? Number.POSITIVE_INFINITY,
  );
  const [ours, theirs] = [a, b].map((curve) => (curve.length ? at(curve, last) : undefined));
  if (!ours || !theirs)
    return [a, b].flatMap((_, i) => ([ours, theirs][i] ? [`${NAMES[i]} ${format([ours, theirs][i]!.y)}`] : [])).join("; ");
  const difference = format === percent ? `${signed(100 * (ours.y - theirs.y))} points` : signed(ours.y - theirs.y, 3);
  return `At step ${short(ours.step)}: A ${format(ours.y)}, B ${format(theirs.y)}, A − B ${difference}.`;
}
