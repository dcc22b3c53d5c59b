/** A picture of finished runs: means over seeds with their 95 % intervals. */
import { type ReactNode, useRef } from "react";
import { CartesianGrid, ErrorBar, Line, LineChart, ReferenceLine, ResponsiveContainer, XAxis, YAxis } from "recharts";
import type { Drawing, DrawnLine } from "../../tasks/claims";
import { short } from "../format";
import { quoted } from "../state/csv";
import { AXIS } from "./axis";
import type { CurveLook } from "./curves";
import { ChartExport } from "./Export";
import { LineKey } from "./keys";

const COLOURS = ["var(--student)", "var(--teacher)", "var(--agreement)", "var(--kd)"];
const DASHES = [undefined, "6 3", "2 3", "8 3 2 3"];
const HEIGHT = 240;

/** `log` scales both axes; `note` stands in place of the sentence about intervals and paper. */
interface FigureChartProps {
  drawing: Drawing;
  log?: boolean;
  note?: ReactNode;
}

export default function FigureChart({ drawing, log = false, note }: FigureChartProps) {
  const figure = useRef<HTMLElement>(null);
  const { id, study, title, paper, x, y, lines } = drawing;
  if (lines.length === 0) return null;
  const looks: CurveLook[] = lines.map(({ label, seeds }, i) => ({
    label: seeds ? `${label} (${seeds} ${seeds === 1 ? "seed" : "seeds"})` : label,
    colour: COLOURS[i % COLOURS.length],
    dash: DASHES[i % DASHES.length],
  }));
  const content = async () => ({
    ...{
      name: `${study}-${id}`,
      title,
      looks,
      caption: `${y}. Bars: 95 % intervals over seeds. Paper: ${paper}.`,
      about: `${study}, ${id}`,
    },
    csv: () => csvOf(drawing),
    json: () => `${JSON.stringify(drawing, null, 1)}\n`,
  });
  return (
    <figure ref={figure} className="chart" data-figure={id}>
      <figcaption>
        <b>{title}</b>
        {looks.map((look) => (
          <LineKey key={look.label} {...look} />
        ))}
      </figcaption>
      <div className="plot" role="img" aria-label={`${title}: ${y} against ${x}`}>
        <ResponsiveContainer width="100%" height={HEIGHT} initialDimension={{ width: 480, height: HEIGHT }}>
          <LineChart accessibilityLayer={false} margin={{ top: 8, right: 16, bottom: 16, left: 0 }}>
            <CartesianGrid stroke="var(--line)" vertical={false} />
            <XAxis
              dataKey="x"
              type="number"
              scale={log ? "log" : "linear"}
              domain={["auto", "auto"]}
              tickFormatter={short}
              label={{ value: x, position: "insideBottom", offset: -8, fontSize: 11, fill: "var(--muted)" }}
              {...AXIS}
            />
            <YAxis scale={log ? "log" : "linear"} domain={["auto", "auto"]} tickFormatter={short} width={52} {...AXIS} />
            {!log && <ReferenceLine y={0} stroke="var(--muted)" />}
            {lines.map((line, i) => (
              <Line
                key={line.label}
                data={line.points.map(datum)}
                dataKey="y"
                stroke={looks[i].colour}
                strokeWidth={line.single ? 0 : 2}
                strokeDasharray={looks[i].dash}
                isAnimationActive={false}
                dot={{
                  r: line.single ? 2.5 : 4,
                  strokeWidth: 1.5,
                  strokeDasharray: "none",
                  fillOpacity: line.single ? 0.4 : 1,
                  fill: looks[i].colour,
                }}
              >
                <ErrorBar dataKey="reach" direction="y" width={4} stroke={looks[i].colour} />
              </Line>
            ))}
          </LineChart>
        </ResponsiveContainer>
      </div>
      <p className="summary">{note ?? `${y}. Bars: 95 % intervals over seeds. Paper: ${paper}.`}</p>
      <div className="tables">
        <ChartExport title={title} content={content} figure={figure} />
      </div>
    </figure>
  );
}

/** A point as the chart wants it; `reach` is how far its interval goes down and up. */
const datum = ([x, y, low, high]: DrawnLine["points"][number]) => ({
  x,
  y,
  reach: low === null || high === null ? undefined : [y - low, high - y],
});

function csvOf({ x, y, lines }: Drawing): string {
  const rows = lines.flatMap(({ label, points }) =>
    points.map((point) => [label, ...point.map((value) => value ?? undefined)].map(quoted).join(",")),
  );
  return `${[["line", x, y, "low", "high"].map(quoted).join(","), ...rows].join("\n")}\n`;
}
