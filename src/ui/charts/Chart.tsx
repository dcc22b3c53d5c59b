/** One chart: curves over the planned run, held-out tests, other runs faintly beside; as a table and as a file, too. */
import { memo, useMemo, useRef } from "react";
import { Line, ReferenceDot, ReferenceLine } from "recharts";
import { useShallow } from "zustand/shallow";
import { taskOf } from "../../tasks";
import { percent, short, unbroken } from "../format";
import { useInTurn } from "../shell/scheduler";
import { store, useSources, useStore } from "../state/app";
import { asAdded, asAddedThen } from "../state/contributions";
import { at, type Evaluation, type History, numbersOf, type Point } from "../state/history";
import { isSame, type Run, runOf } from "../state/runs";
import { presetOf, shownStep } from "../state/selectors";
import type { TaskPage } from "../tasks/page";
import { ChartFrame } from "./ChartFrame";
import { type ChartKind, type Curve, curvesOf, runColour } from "./curves";
import { ChartExport } from "./Export";
import { DotKey, LineKey } from "./keys";
import { EvaluationTable, PointTable } from "./Tables";

interface Shown {
  points: Point[];
  evaluations: Evaluation[];
  history: History;
}

interface ChartProps {
  kind: ChartKind;
  page: TaskPage;
  /** Whether the last steps alone are drawn. */
  recent: boolean;
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

const Drawn = memo(function Drawn({ kind, page, recent, points: raw, evaluations: all, history }: ChartProps & Shown) {
  const run = useStore(useShallow(({ active, wanted, changes, teacher }) => ({ active, wanted, changes, teacher })));
  const [from, to] = windowOf(recent, raw.at(-1)?.step, history.total);
  const points = useMemo(() => within(kind.added ? asAdded(raw, run) : raw, from), [kind.added, raw, run, from]);
  const figure = useRef<HTMLElement>(null);
  const chance = useStore((state) => page.chance?.(state));
  const teacherScore = useSources(({ loaded, run }) => (run?.teacher?.id === loaded?.teacher?.id ? loaded?.teacher?.score : undefined));
  const beside = useRunsBeside();
  const curvesAt = (point: Point | undefined) => curvesOf(kind, point, page.curves);
  const curves = curvesAt(points.at(-1));
  const evaluations = within(kind.tested ? all : [], from);
  const others = beside.map((run) => ({ run, name: curvesAt(run.points.at(-1))[0]?.name })).filter(({ name }) => name);
  const pointsOf = (run: Run) => within(kind.added ? asAddedThen(run) : run.points, from);
  const content = async () => (await import("./exportFiles")).chartOf(kind, curves, store.getState());
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
      <ChartFrame kind={kind} points={points} domain={[from, to]} empty={points.length + others.length === 0}>
        {kind.shares && chance !== undefined && <ReferenceLine y={chance} {...level("chance", "insideTopRight")} />}
        {kind.shares && teacherScore && <ReferenceLine y={teacherScore} {...level("teacher, whole images", "insideTopLeft")} />}
        {others.map(({ run, name }) => (
          <Line
            key={run.id}
            {...LINE}
            data={pointsOf(run)}
            dataKey={`${kind.of}.${name}`}
            stroke={runColour(run.colour)}
            strokeOpacity={0.55}
            strokeWidth={1.5}
          />
        ))}
        {kind.shares && curves[0] && <Line {...LINE} dataKey={`rates.${curves[0].name}`} stroke={curves[0].colour} strokeOpacity={0.28} />}
        {curves.toReversed().map(({ name, colour, dash }) => (
          <Line
            key={name}
            {...LINE}
            dot={isSingle(points, kind.of, name) && { r: 3, fill: colour }}
            dataKey={`${kind.of}.${name}`}
            stroke={colour}
            strokeWidth={2}
            strokeDasharray={dash}
          />
        ))}
        {kind.tested && others.map(({ run }) => <LastTest key={run.id} run={run} />)}
        {thinned(evaluations, DOTS).map(({ step, scores }) => (
          <ReferenceDot key={step} x={step} y={Object.values(scores)[0]} r={4} fill="var(--held-out)" stroke="var(--surface)" />
        ))}
      </ChartFrame>
      <Summary {...{ kind, curves, points, evaluations }} />
      <div className="tables">
        {points.length > 0 && <ChartExport title={kind.title} content={content} figure={figure} />}
        <PointTable
          title={kind.title}
          points={kind.added ? asAdded(history.points, run) : history.points}
          of={kind.of}
          curves={curves}
          format={kind.format}
        />
        {evaluations.length > 0 && <EvaluationTable title={kind.title} evaluations={evaluations} looks={page.curves} />}
      </div>
    </figure>
  );
});

/** Kept runs of the same task that are to be seen beside the current one, which may be one of them. */
function useRunsBeside(): Run[] {
  const runs = useStore((state) => state.runs);
  const preset = useStore(presetOf);
  const ended = useStore(({ phase }) => phase === "finished");
  const now = ended ? runOf(store.getState()) : undefined;
  return runs.filter((run) => run.shown && taskOf(run.settings.preset) === taskOf(preset) && !(now && isSame(run, now)));
}

interface SummaryProps {
  kind: ChartKind;
  curves: Curve[];
  points: Point[];
  evaluations: Evaluation[];
}

/** The value of every curve at the cursor, or at the newest step. */
function Summary({ kind, curves, points, evaluations }: SummaryProps) {
  const cursor = useStore(shownStep);
  return <p className="summary">{unbroken(summary(kind, curves, at(points, cursor), at(evaluations, cursor)))}</p>;
}

/** What the chart says, in words. */
function summary({ of, shares, format }: ChartKind, curves: Curve[], point?: Point, tested?: Evaluation): string {
  if (!point || curves.length === 0) return "Nothing yet.";
  const told = curves.flatMap(({ name, label }) => {
    const value = numbersOf(point, of)[name];
    return value === undefined ? [] : [`${label} ${format(value)}`];
  });
  const held = tested && tested.step <= point.step ? ` Held out: ${percent(Object.values(tested.scores)[0])}.` : "";
  return `At step ${short(point.step)}: ${told.join("; ")}${shares ? ", over the last batches" : ""}.${held}`;
}

/** Where another run ended, as a hollow dot. */
function LastTest({ run }: { run: Run }) {
  const last = run.evaluations[run.evaluations.length - 1];
  return <ReferenceDot x={last.step} y={Object.values(last.scores)[0]} r={4} fill="var(--surface)" stroke={runColour(run.colour)} />;
}

const LINE = { type: "linear", dot: false, activeDot: false, isAnimationActive: false } as const;
/** A line to compare with, and its name, at the end where curves are least likely to be. */
const level = (value: string, position: "insideTopLeft" | "insideTopRight") => ({
  stroke: "var(--muted)",
  strokeDasharray: "2 4",
  label: { value, fontSize: 10, fill: "var(--muted)", position },
});

/** The steps drawn: all that are planned, or of those made the last tenth. */
function windowOf(recent: boolean, last = 0, total: number): [from: number, to: number] {
  if (!recent || !last) return [0, total];
  return [Math.max(0, last - Math.max(LEAST_STEPS, Math.round(last / 10))), last];
}

const LEAST_STEPS = 10;

const within = <T extends { step: number }>(list: readonly T[], from: number): T[] => list.filter(({ step }) => step >= from);

/** Whether a curve has one point, which no line shows. */
const isSingle = (points: readonly Point[], of: string, name: string): boolean =>
  points.filter((point) => numbersOf(point, of)[name] !== undefined).length === 1;

/** As many points as a chart of this size has room for (each costs time), and as many dots as do not cover each other. */
const MANY = 250;
const FEW = 100;
const DOTS = 60;

/** At most so many of a list, evenly spread, the last among them. */
function thinned<T>(values: T[], most: number): T[] {
  const stride = Math.ceil(values.length / most);
  return values.filter((_, i) => (values.length - 1 - i) % stride === 0);
}
