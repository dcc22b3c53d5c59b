/** Loss and accuracy over the planned run, on one time cursor with the pictures. Loaded after the page. */
import { type ReactNode, useMemo } from "react";
import { CartesianGrid, Line, LineChart, ReferenceDot, ReferenceLine, ResponsiveContainer, XAxis, YAxis } from "recharts";
import { type Change, SETTINGS } from "../../train/experiment";
import { percent, short } from "../format";
import type { Evaluation, Point } from "../history";
import { setState, shownStep, useStore } from "../store";
import { EvaluationTable, PointTable } from "./Tables";

export default function Charts() {
  const version = useStore((state) => state.version);
  const history = useStore((state) => state.history);
  const classes = useStore((state) => state.gallery.classes.length);
  // Curves grow in place; a new array tells the chart library.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents
  const points = useMemo(() => [...history.points], [history, version]);
  const last = points.at(-1);
  return (
    <section className="panel charts" aria-labelledby="charts-title">
      <h2 id="charts-title">How it learns</h2>
      <div className="pair">
        <LossChart points={points} last={last} total={history.total} />
        <AccuracyChart points={points} last={last} total={history.total} evaluations={history.evaluations} chance={1 / classes} />
      </div>
    </section>
  );
}

interface ChartProps {
  points: Point[];
  last?: Point;
  total: number;
}

function LossChart({ points, last, total }: ChartProps) {
  const summary = last
    ? `At step ${last.step} cross-entropy is ${short(last.losses.ce)}${last.losses.kd === undefined ? "" : `, distillation ${short(last.losses.kd)}`}; it began at ${short(points[0].losses.ce)}.`
    : "Nothing yet.";
  return (
    <figure className="chart" data-points={points.length}>
      <figcaption>
        <b>Loss</b>
        <Key className="student">cross-entropy, labels</Key>
        {last?.losses.kd !== undefined && <Key className="kd">distillation, teacher</Key>}
      </figcaption>
      <Frame points={points} total={total} domain={[0, "auto"]} format={short} label="Loss over steps">
        <Line {...LINE} dataKey="losses.ce" stroke="var(--student)" strokeWidth={2} />
        <Line {...LINE} dataKey="losses.kd" stroke="var(--kd)" strokeWidth={2} strokeDasharray="6 3" />
      </Frame>
      <p className="summary">{summary}</p>
      <PointTable points={points} of="losses" columns={["ce", "kd"]} titles={["cross-entropy", "distillation"]} />
    </figure>
  );
}

function AccuracyChart({ points, last, total, evaluations, chance }: ChartProps & { evaluations: Evaluation[]; chance: number }) {
  const tested = evaluations.at(-1);
  const parts = [
    last && `At step ${last.step} the student has ${percent(last.smooth.student)} of its batches right`,
    last?.smooth.teacher !== undefined &&
      `the masked teacher ${percent(last.smooth.teacher)}, and they agree on ${percent(last.smooth.agreement ?? 0)}`,
    tested && `on held-out images the student has ${percent(tested.scores.top1)}`,
  ].filter(Boolean);
  return (
    <figure className="chart">
      <figcaption>
        <b>Top-1</b>
        <Key className="student">student</Key>
        {last?.smooth.teacher !== undefined && <Key className="teacher">masked teacher</Key>}
        {last?.smooth.teacher !== undefined && <Key className="agreement">agreement</Key>}
        <Key className="held-out">held out</Key>
      </figcaption>
      <Frame points={points} total={total} domain={[0, 1]} format={percent} label="Accuracy over steps">
        <ReferenceLine
          y={chance}
          stroke="var(--muted)"
          strokeDasharray="2 4"
          label={{ value: "chance", ...TICK_LABEL, position: "insideTopLeft" }}
        />
        <Line {...LINE} dataKey="smooth.agreement" stroke="var(--agreement)" strokeWidth={1.5} strokeDasharray="2 3" />
        <Line {...LINE} dataKey="smooth.teacher" stroke="var(--teacher)" strokeWidth={1.5} strokeDasharray="6 3" />
        <Line {...LINE} dataKey="rates.student" stroke="var(--student)" strokeOpacity={0.28} />
        <Line {...LINE} dataKey="smooth.student" stroke="var(--student)" strokeWidth={2.5} />
        {thinned(evaluations).map(({ step, scores }) => (
          <ReferenceDot key={step} x={step} y={scores.top1} r={4} fill="var(--held-out)" stroke="var(--surface)" />
        ))}
      </Frame>
      <p className="summary">{parts.length ? `${parts.join("; ")}. Chance is ${percent(chance)}.` : "Nothing yet."}</p>
      <div className="tables">
        <PointTable
          points={points}
          of="smooth"
          columns={["student", "teacher", "agreement"]}
          titles={["student", "masked teacher", "agreement"]}
        />
        {evaluations.length > 0 && <EvaluationTable evaluations={evaluations} />}
      </div>
    </figure>
  );
}

interface FrameProps {
  points: Point[];
  total: number;
  domain: [number, number | "auto"];
  format(value: number): string;
  label: string;
  children: ReactNode;
}

/** Axes from step 0 to the planned end, ticks where settings changed, and the shared cursor. */
function Frame({ points, total, domain, format, label, children }: FrameProps) {
  const changes = useStore((state) => state.changes);
  const cursor = useStore(shownStep);
  const point = (step: unknown) => setState({ hover: step === undefined ? undefined : Number(step) });
  return (
    <div className="plot" role="img" aria-label={label}>
      <ResponsiveContainer width="100%" height={220} initialDimension={{ width: 480, height: 220 }}>
        <LineChart
          data={points}
          accessibilityLayer={false}
          margin={{ top: 18, right: 12, bottom: 0, left: 0 }}
          onMouseMove={({ activeLabel }) => point(activeLabel)}
          onMouseLeave={() => point(undefined)}
          onClick={({ activeLabel }) => setState({ pinned: activeLabel === undefined ? undefined : Number(activeLabel) })}
        >
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis dataKey="step" type="number" domain={[0, total]} tickFormatter={short} allowDataOverflow {...AXIS} />
          <YAxis domain={domain} tickFormatter={format} width={52} {...AXIS} />
          {children}
          {changes.map((change, i) => (
            <ReferenceLine
              key={`${change.step} ${change.key} ${change.to}`}
              x={change.step}
              stroke="var(--event)"
              strokeDasharray="1 2"
              label={{ value: eventLabel(change), ...TICK_LABEL, fill: "var(--event)", position: "top", dy: 9 * (i % 2) }}
            />
          ))}
          {cursor !== undefined && <ReferenceLine x={cursor} stroke="var(--ink)" />}
        </LineChart>
      </ResponsiveContainer>
    </div>
  );
}

const LINE = { type: "linear", dot: false, activeDot: false, isAnimationActive: false } as const;
const AXIS = { stroke: "var(--muted)", tick: { fontSize: 11, fill: "var(--muted)" }, tickLine: false } as const;
const TICK_LABEL = { fontSize: 10, fill: "var(--muted)" } as const;

/** Dots beyond this many only cover each other. */
const DOTS = 60;

function thinned(evaluations: Evaluation[]): Evaluation[] {
  const stride = Math.ceil(evaluations.length / DOTS);
  return evaluations.filter((_, i) => (evaluations.length - 1 - i) % stride === 0);
}

function eventLabel({ key, to }: Change): string {
  return `${SETTINGS[key].kind === "number" ? `${key} ` : ""}${typeof to === "number" ? short(to) : to}`;
}

function Key({ className, children }: { className: string; children: ReactNode }) {
  return (
    <span className="key">
      <svg width="22" height="8" aria-hidden="true" className={className}>
        {className === "held-out" ? <circle cx="11" cy="4" r="3.5" /> : <line x1="0" y1="4" x2="22" y2="4" />}
      </svg>
      {children}
    </span>
  );
}
