/** What charts have in common: axes from step 0 to the planned end, marks where settings were changed, the cursor shared with the pictures. */
import type { ReactNode } from "react";
import { CartesianGrid, LineChart, ReferenceLine, ResponsiveContainer, XAxis, YAxis } from "recharts";
import type { Change } from "../../settings/run";
import { nameOf } from "../../settings/setting";
import { NO_BREAK, short } from "../format";
import { store, useStore } from "../state/app";
import type { Point } from "../state/history";
import { shownStep } from "../state/selectors";
import { AXIS, evenSteps } from "./axis";
import type { ChartKind } from "./curves";
import { placed } from "./marks";

interface FrameProps {
  kind: ChartKind;
  points: Point[];
  /** The steps drawn. */
  domain: [from: number, to: number];
  empty: boolean;
  children: ReactNode;
}

export function ChartFrame({ kind: { title, small, shares, format, log }, points, domain, empty, children }: FrameProps) {
  const changes = useStore((state) => state.changes);
  const marks = useStore((state) => state.history.marks);
  const cursor = useStore(shownStep);
  const point = (step: unknown) => store.setState({ hover: step === undefined ? undefined : Number(step) });
  const height = small ? 130 : 230;
  const ticks = domain[0] === 0 ? evenSteps(domain[1], small ? 3 : 5) : undefined;
  return (
    <div className="plot" role="img" aria-label={`${title} over steps`}>
      <ResponsiveContainer width="100%" height={height} initialDimension={{ width: 480, height }}>
        <LineChart
          data={points}
          accessibilityLayer={false}
          margin={{ top: small ? 8 : 18, right: 18, bottom: 0, left: 0 }}
          onMouseMove={({ activeLabel }) => point(activeLabel)}
          onMouseLeave={() => point(undefined)}
          onClick={({ activeLabel }) => store.setState({ pinned: activeLabel === undefined ? undefined : Number(activeLabel) })}
        >
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis
            dataKey="step"
            type="number"
            domain={domain}
            tickFormatter={short}
            allowDataOverflow
            minTickGap={24}
            {...(ticks && { ticks, interval: 0 })}
            {...AXIS}
          />
          <YAxis
            scale={log ? "log" : "linear"}
            domain={empty ? EMPTY : log ? ["auto", "auto"] : [0, shares ? 1 : "auto"]}
            allowDataOverflow={empty}
            tickFormatter={(value) => format(value).replaceAll(" ", NO_BREAK)}
            width={small ? 58 : 52}
            tickCount={small ? 3 : 5}
            {...AXIS}
          />
          {children}
          {placed([...changes.map(eventOf), ...marks], domain).map(({ step, text, line, right }) => (
            <ReferenceLine
              key={step}
              x={step}
              stroke="var(--event)"
              strokeDasharray="1 2"
              label={
                small || line === undefined
                  ? undefined
                  : { ...LABEL, value: text, position: right ? "insideTopRight" : "insideTopLeft", dy: LINE * line }
              }
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

/** Labels of events, and pixels between two lines of them. */
const LABEL = { fontSize: 10, fill: "var(--event)" } as const;
const LINE = 11;
