/** One chart: curves over the planned run, what was changed when, other runs faintly beside, the cursor shared with the pictures. */
import { memo, type ReactNode, useRef } from "react";
import { CartesianGrid, Line, LineChart, ReferenceDot, ReferenceLine, ResponsiveContainer, XAxis, YAxis } from "recharts";
import type { Change } from "../../settings/experiment";
import { percent, short } from "../format";
import { useInTurn } from "../shell/scheduler";
import type { Evaluation, History, Point } from "../state/history";
import { isSame, type Run, runOf } from "../state/runs";
import { useSupply } from "../state/sources";
import { getState, setState, shownStep, useStore } from "../state/store";
import { type ChartKind, type Curve, curvesOf, runColour } from "./curves";
import { ChartExport } from "./Export";
import { EvaluationTable, PointTable } from "./Tables";

interface Shown {
  points: Point[];
  evaluations: Evaluation[];
  history: History;
}

interface ChartProps {
  kind: ChartKind;
  log: boolean;
}

/** A chart of the run as it was a moment ago: charts are drawn anew one after the other. */
export function Chart(props: ChartProps) {
  const { small } = props.kind;
  const version = useStore((state) => state.version);
  const history = useStore((state) => state.history);
  const snapshot = () => ({ points: thinned(history.points, small ? FEW : MANY), evaluations: [...history.evaluations], history });
  const shown = useInTurn(snapshot, history, version);
  return <Drawn {...props} {...shown} />;
}

const Drawn = memo(function Drawn({ kind, log, points, evaluations: all, history }: ChartProps & Shown) {
  const figure = useRef<HTMLElement>(null);
  const classes = useStore((state) => state.gallery.classes.length);
  const teacherTop1 = useSupply(({ loaded, run }) => (run?.teacher?.id === loaded?.teacher?.id ? loaded?.teacher?.score : undefined));
  const beside = useRunsBeside();
  const curves = curvesOf(kind, points.at(-1));
  const evaluations = kind.tested ? all : [];
  const others = beside.map((run) => ({ run, name: curvesOf(kind, run.points.at(-1))[0]?.name })).filter(({ name }) => name);
  if (kind.small && curves.length === 0) return null;
  return (
    <figure ref={figure} className={kind.small ? "chart small" : "chart"} data-chart={kind.id} data-points={history.points.length}>
      <figcaption>
        <b>{kind.title}</b>
        {curves.map((curve) => (
          <LineKey key={curve.name} {...curve} />
        ))}
        {evaluations.length > 0 && <DotKey>held out</DotKey>}
        {!kind.small && others.map(({ run }) => <LineKey key={run.id} colour={runColour(run.colour)} label={run.name} />)}
      </figcaption>
      <Frame kind={kind} points={points} total={history.total} log={log} empty={points.length + others.length === 0}>
        {kind.shares && <ReferenceLine y={1 / classes} {...level("chance")} />}
        {kind.shares && teacherTop1 && <ReferenceLine y={teacherTop1} {...level("teacher, whole images")} />}
        {others.map(({ run, name }) => (
          <Line
            key={run.id}
            {...LINE}
            data={run.points}
            dataKey={`${kind.of}.${name}`}
            stroke={runColour(run.colour)}
            strokeOpacity={0.55}
            strokeWidth={1.5}
          />
        ))}
        {kind.shares && curves[0] && <Line {...LINE} dataKey={`rates.${curves[0].name}`} stroke={curves[0].colour} strokeOpacity={0.28} />}
        {curves.toReversed().map(({ name, colour, dash }) => (
          <Line key={name} {...LINE} dataKey={`${kind.of}.${name}`} stroke={colour} strokeWidth={2} strokeDasharray={dash} />
        ))}
        {kind.tested && others.map(({ run }) => <LastTest key={run.id} run={run} />)}
        {thinned(evaluations, DOTS).map(({ step, scores }) => (
          <ReferenceDot key={step} x={step} y={Object.values(scores)[0]} r={4} fill="var(--held-out)" stroke="var(--surface)" />
        ))}
      </Frame>
      <p className="summary">{summary(kind, curves, points, evaluations)}</p>
      <div className="tables">
        {points.length > 0 && <ChartExport kind={kind} curves={curves} figure={figure} />}
        <PointTable title={kind.title} points={history.points} of={kind.of} curves={curves} format={kind.format} />
        {evaluations.length > 0 && <EvaluationTable title={kind.title} evaluations={evaluations} />}
      </div>
    </figure>
  );
});

/** Kept runs that are to be seen beside the current one, which may be one of them. */
function useRunsBeside(): Run[] {
  const runs = useStore((state) => state.runs);
  const ended = useStore(({ phase }) => phase === "finished");
  const now = ended ? runOf(getState()) : undefined;
  return runs.filter((run) => run.shown && !(now && isSame(run, now)));
}

/** What the chart says, in words. */
function summary({ of, shares, format }: ChartKind, curves: Curve[], points: Point[], evaluations: Evaluation[]): string {
  const last = points.at(-1);
  if (!last || curves.length === 0) return "Nothing yet.";
  const now = curves.map(({ name, label }) => `${label} ${format(last[of][name])}`).join("; ");
  const tested = evaluations.at(-1);
  const held = tested && ` Held out: ${percent(Object.values(tested.scores)[0])}.`;
  return `At step ${short(last.step)}: ${now}${shares ? ", over the last batches" : ""}.${held ?? ""}`;
}

interface FrameProps {
  kind: ChartKind;
  points: Point[];
  total: number;
  log: boolean;
  empty: boolean;
  children: ReactNode;
}

/** Axes from step 0 to the planned end, ticks where settings changed, and the shared cursor. */
function Frame({ kind: { title, small, shares, format }, points, total, log, empty, children }: FrameProps) {
  const changes = useStore((state) => state.changes);
  const cursor = useStore(shownStep);
  const point = (step: unknown) => setState({ hover: step === undefined ? undefined : Number(step) });
  const height = small ? 130 : 230;
  return (
    <div className="plot" role="img" aria-label={`${title} over steps`}>
      <ResponsiveContainer width="100%" height={height} initialDimension={{ width: 480, height }}>
        <LineChart
          data={points}
          accessibilityLayer={false}
          margin={{ top: small ? 8 : 18, right: 12, bottom: 0, left: 0 }}
          onMouseMove={({ activeLabel }) => point(activeLabel)}
          onMouseLeave={() => point(undefined)}
          onClick={({ activeLabel }) => setState({ pinned: activeLabel === undefined ? undefined : Number(activeLabel) })}
        >
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis dataKey="step" type="number" domain={[0, total]} tickFormatter={short} allowDataOverflow minTickGap={24} {...AXIS} />
          <YAxis
            scale={log ? "log" : "linear"}
            domain={empty ? EMPTY : log ? ["auto", "auto"] : [0, shares ? 1 : "auto"]}
            allowDataOverflow={empty}
            tickFormatter={format}
            width={small ? 58 : 52}
            tickCount={small ? 3 : 5}
            {...AXIS}
          />
          {children}
          {changes.map((change, i) => (
            <ReferenceLine
              key={`${change.step} ${change.key} ${change.to}`}
              x={change.step}
              stroke="var(--event)"
              strokeDasharray="1 2"
              label={small ? undefined : { ...eventLabel(change, total), dy: 11 * (i % 3) }}
            />
          ))}
          {cursor !== undefined && <ReferenceLine x={cursor} stroke="var(--ink)" />}
        </LineChart>
      </ResponsiveContainer>
    </div>
  );
}

/** Where another run ended, as a hollow dot. */
function LastTest({ run }: { run: Run }) {
  const last = run.evaluations[run.evaluations.length - 1];
  return <ReferenceDot x={last.step} y={Object.values(last.scores)[0]} r={4} fill="var(--surface)" stroke={runColour(run.colour)} />;
}

/** Of an axis with nothing on it yet. */
const EMPTY = [0, 1];
const LINE = { type: "linear", dot: false, activeDot: false, isAnimationActive: false } as const;
export const AXIS = { stroke: "var(--muted)", tick: { fontSize: 11, fill: "var(--muted)" }, tickLine: false } as const;
const TICK_LABEL = { fontSize: 10, fill: "var(--muted)" } as const;
/** A line to compare with, and its name. */
const level = (value: string) => ({
  stroke: "var(--muted)",
  strokeDasharray: "2 4",
  label: { value, ...TICK_LABEL, position: "insideTopLeft" as const },
});

/** As many points as a chart of this size has room for (each costs time), and as many dots as do not cover each other. */
const MANY = 250;
const FEW = 100;
const DOTS = 60;

/** At most so many of a list, evenly spread, the last among them. */
function thinned<T>(values: T[], most: number): T[] {
  const stride = Math.ceil(values.length / most);
  return values.filter((_, i) => (values.length - 1 - i) % stride === 0);
}

/** What was changed, beside its line on the side where there is room. */
function eventLabel({ step, key, to }: Change, total: number) {
  const position = step < 0.8 * total ? ("insideTopLeft" as const) : ("insideTopRight" as const);
  return { value: typeof to === "number" ? `${key} ${short(to)}` : to, ...TICK_LABEL, fill: "var(--event)", position };
}

function LineKey({ label, colour, dash }: Omit<Curve, "name">) {
  return (
    <span className="key">
      <svg width="22" height="8" aria-hidden="true">
        <line x1="0" y1="4" x2="22" y2="4" stroke={colour} strokeDasharray={dash} />
      </svg>
      {label}
    </span>
  );
}

function DotKey({ children }: { children: ReactNode }) {
  return (
    <span className="key">
      <svg width="9" height="8" aria-hidden="true">
        <circle cx="4.5" cy="4" r="3.5" fill="var(--held-out)" />
      </svg>
      {children}
    </span>
  );
}
