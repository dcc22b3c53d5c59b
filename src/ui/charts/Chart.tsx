/** One chart: curves over the planned run, held-out tests, other runs faintly beside; as a table and as a file, too. */
import { memo, useRef } from "react";
import { Line, ReferenceDot, ReferenceLine } from "recharts";
import { taskOf } from "../../tasks";
import { percent, short } from "../format";
import { useInTurn } from "../shell/scheduler";
import { store, useSources, useStore } from "../state/app";
import { type Evaluation, type History, numbersOf, type Point } from "../state/history";
import { isSame, type Run, runOf } from "../state/runs";
import { presetOf } from "../state/selectors";
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

const Drawn = memo(function Drawn({ kind, page, log, points, evaluations: all, history }: ChartProps & Shown) {
  const figure = useRef<HTMLElement>(null);
  const chance = useStore((state) => page.chance?.(state));
  const teacherScore = useSources(({ loaded, run }) => (run?.teacher?.id === loaded?.teacher?.id ? loaded?.teacher?.score : undefined));
  const beside = useRunsBeside();
  const curvesAt = (point: Point | undefined) => curvesOf(kind, point, page.curves);
  const curves = curvesAt(points.at(-1));
  const evaluations = kind.tested ? all : [];
  const others = beside.map((run) => ({ run, name: curvesAt(run.points.at(-1))[0]?.name })).filter(({ name }) => name);
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
      <ChartFrame kind={kind} points={points} total={history.total} log={log} empty={points.length + others.length === 0}>
        {kind.shares && chance !== undefined && <ReferenceLine y={chance} {...level("chance")} />}
        {kind.shares && teacherScore && <ReferenceLine y={teacherScore} {...level("teacher, whole images")} />}
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
      </ChartFrame>
      <p className="summary">{summary(kind, curves, points, evaluations)}</p>
      <div className="tables">
        {points.length > 0 && <ChartExport title={kind.title} content={content} figure={figure} />}
        <PointTable title={kind.title} points={history.points} of={kind.of} curves={curves} format={kind.format} />
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

/** What the chart says, in words. */
function summary({ of, shares, format }: ChartKind, curves: Curve[], points: Point[], evaluations: Evaluation[]): string {
  const last = points.at(-1);
  if (!last || curves.length === 0) return "Nothing yet.";
  const now = curves.map(({ name, label }) => `${label} ${format(numbersOf(last, of)[name])}`).join("; ");
  const tested = evaluations.at(-1);
  const held = tested && ` Held out: ${percent(Object.values(tested.scores)[0])}.`;
  return `At step ${short(last.step)}: ${now}${shares ? ", over the last batches" : ""}.${held ?? ""}`;
}

/** Where another run ended, as a hollow dot. */
function LastTest({ run }: { run: Run }) {
  const last = run.evaluations[run.evaluations.length - 1];
  return <ReferenceDot x={last.step} y={Object.values(last.scores)[0]} r={4} fill="var(--surface)" stroke={runColour(run.colour)} />;
}

const LINE = { type: "linear", dot: false, activeDot: false, isAnimationActive: false } as const;
/** A line to compare with, and its name. */
const level = (value: string) => ({
  stroke: "var(--muted)",
  strokeDasharray: "2 4",
  label: { value, fontSize: 10, fill: "var(--muted)", position: "insideTopLeft" as const },
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
