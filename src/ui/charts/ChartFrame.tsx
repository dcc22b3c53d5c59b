/** What charts have in common: axes from step 0 to the planned end, marks where settings were changed, the cursor shared with the pictures. */
import type { ReactNode } from "react";
import { CartesianGrid, LineChart, ReferenceLine, ResponsiveContainer, XAxis, YAxis } from "recharts";
import type { Change } from "../../settings/run";
import { nameOf } from "../../settings/setting";
import { short } from "../format";
import { store, useStore } from "../state/app";
import type { Point } from "../state/history";
import { shownStep } from "../state/selectors";
import { AXIS } from "./axis";
import type { ChartKind } from "./curves";

interface FrameProps {
  kind: ChartKind;
  points: Point[];
  total: number;
  log: boolean;
  empty: boolean;
  children: ReactNode;
}

export function ChartFrame({ kind: { title, small, shares, format }, points, total, log, empty, children }: FrameProps) {
  const changes = useStore((state) => state.changes);
  const marks = useStore((state) => state.history.marks);
  const cursor = useStore(shownStep);
  const point = (step: unknown) => store.setState({ hover: step === undefined ? undefined : Number(step) });
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
          onClick={({ activeLabel }) => store.setState({ pinned: activeLabel === undefined ? undefined : Number(activeLabel) })}
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
          {[...changes.map(eventOf), ...marks].map(({ step, text }, i) => (
            <ReferenceLine
              key={`${step} ${text}`}
              x={step}
              stroke="var(--event)"
              strokeDasharray="1 2"
              label={small ? undefined : { ...eventLabel(step, text, total), dy: 11 * (i % 3) }}
            />
          ))}
          {cursor !== undefined && <ReferenceLine x={cursor} stroke="var(--ink)" />}
        </LineChart>
      </ResponsiveContainer>
    </div>
  );
}

/** The range of an axis while there is nothing to draw. */
const EMPTY = [0, 1];

/** What was changed, in words. */
const eventOf = ({ step, key, to }: Change) => ({ step, text: typeof to === "number" ? `${nameOf(key)} ${short(to)}` : to });

/** What happened, beside its line on the side where there is room. */
function eventLabel(step: number, value: string, total: number) {
  const position = step < 0.8 * total ? ("insideTopLeft" as const) : ("insideTopRight" as const);
  return { value, fontSize: 10, fill: "var(--event)", position };
}
