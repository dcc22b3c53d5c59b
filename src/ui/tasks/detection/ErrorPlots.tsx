/** The seven curves of each network as stacked bands, and the areas below them as a table. */
import { memo, useRef } from "react";
import { Area, AreaChart, ResponsiveContainer, XAxis, YAxis } from "recharts";
import type { ErrorAnalysis } from "../../../metrics/errors";
import { AXIS } from "../../charts/axis";
import { ChartExport } from "../../charts/Export";
import { percent } from "../../format";
import { store } from "../../state/app";
import { BandPatterns, patternOf, Swatch } from "./bands";
import { ErrorTable } from "./ErrorTable";
import { BANDS, type Band, costsOf, curvesFor, heightsOf, type Kin, type Subject } from "./errorCosts";
import { TideTable } from "./TideTable";

/** `of` says in words whose errors those are. */
export function ErrorPlots({ subjects, kin, of }: { subjects: readonly Subject[]; kin?: Kin; of: string }) {
  return (
    <>
      <BandPatterns />
      <div className="error-plots">
        {subjects.map((subject) => (
          <ErrorPlot key={subject.id} {...{ subject, kin, of }} />
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard */}
      <section className="scroll" tabIndex={0} aria-label="What errors cost, as tables">
        <CostTable subjects={subjects} kin={kin} />
        {kin === undefined && <TideTable subjects={subjects} />}
      </section>
    </>
  );
}

function ErrorPlot({ subject, kin, of }: { subject: Subject; kin?: Kin; of: string }) {
  const figure = useRef<HTMLElement>(null);
  const { id, title, note, analysis } = subject;
  const content = async () => (await import("./errorFile")).errorFile(subject, kin, of, store.getState());
  return (
    <figure ref={figure} data-errors={id}>
      <figcaption>
        <b>{title}</b>
        <span className="hint">{note}</span>
      </figcaption>
      <Plot {...{ title, analysis, kin }} />
      <ChartExport title={`errors, ${title}`} content={content} figure={figure} />
    </figure>
  );
}

/** Precision over recall, as stacked bands. Drawn anew only when the numbers change. */
const Plot = memo(function Plot({ title, analysis, kin }: { title: string; analysis: ErrorAnalysis; kin?: Kin }) {
  const heights = heightsOf(curvesFor(analysis, kin)!);
  const axis = { type: "number", domain: [0, 1], ticks: [0, 0.5, 1], ...AXIS } as const;
  return (
    <div className="plot" role="img" aria-label={`${title}: precision over recall, in seven bands; their areas are in the table.`}>
      <ResponsiveContainer width="100%" height={190} initialDimension={{ width: 240, height: 190 }}>
        <AreaChart data={heights} accessibilityLayer={false} margin={{ top: 6, right: 10, bottom: 14, left: 0 }}>
          <XAxis dataKey="recall" {...axis} label={{ value: "recall", position: "insideBottom", offset: -8, ...LABEL }} />
          <YAxis {...axis} width={46} label={{ value: "precision", angle: -90, position: "insideLeft", offset: 8, ...LABEL }} />
          {BANDS.map(({ name, colour }) => (
            <Area
              key={name}
              {...{ dataKey: name, stackId: "bands", type: "linear", isAnimationActive: false, activeDot: false }}
              {...{ stroke: colour, strokeWidth: 1, fill: patternOf(name), fillOpacity: 1 }}
            />
          ))}
        </AreaChart>
      </ResponsiveContainer>
    </div>
  );
});

const LABEL = { fontSize: 11, fill: "var(--muted)" } as const;

/** The areas below the curves, of which each forgives more than the one before. It is the plots' legend, too. */
function CostTable({ subjects, kin }: { subjects: readonly Subject[]; kin?: Kin }) {
  const costs = subjects.map(({ analysis }) => costsOf(curvesFor(analysis, kin)!));
  return (
    <ErrorTable
      caption="Mean precision over all recalls, if a row and those above it counted as right; beside it, how many points the row adds."
      rows="counted as right"
      subjects={subjects}
    >
      {BANDS.map((band, i) => (
        <tr key={band.name} data-band={band.name}>
          <BandName {...band} />
          {costs.map((cost, s) => (
            <td key={subjects[s].id}>
              {percent(cost[i].area)} {i > 0 && <small>+{(100 * cost[i].adds).toFixed(1)}</small>}
            </td>
          ))}
        </tr>
      ))}
    </ErrorTable>
  );
}

function BandName({ name, label, about }: Band) {
  return (
    <th scope="row">
      <Swatch name={name} /> <b>{label}</b> <small>({name})</small> {about}
    </th>
  );
}
