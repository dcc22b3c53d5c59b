/** What errors cost: the seven curves of COCO's error analysis, of a run before, of this student and of its teacher. */
import { memo, useState } from "react";
import { Area, AreaChart, ResponsiveContainer, XAxis, YAxis } from "recharts";
import type { ErrorAnalysis } from "../../../metrics/errors";
import { AXIS } from "../../charts/Chart";
import { percent } from "../../format";
import { Bar, Problem } from "../../shell/CardParts";
import { boxGalleryOf } from "../../state/selectors";
import { refuse, useSupply } from "../../state/sources";
import { begun, getState, useStore } from "../../state/store";
import { send } from "../../state/workerLink";
import { BandPatterns, patternOf, Swatch } from "./bands";
import { BANDS, type Band, besideOf, costsOf, curvesFor, heightsOf, type Subject, subjectsOf } from "./errorCosts";
import "./errors.css";

export default function ErrorCosts() {
  const { subjects, classes, alone } = useSubjects();
  const [picked, setPicked] = useState<number>();
  const category = subjects.every(({ analysis }) => curvesFor(analysis, picked)) ? picked : undefined;
  return (
    <section className="panel error-costs" aria-labelledby="errors-title" data-subjects={subjects.map(({ id }) => id).join(" ")}>
      <div className="panel-head">
        <h2 id="errors-title">What errors cost</h2>
        <div className="focus">
          {subjects.length > 0 && <ClassPicker {...{ classes, subjects, category }} onPick={setPicked} />}
          <MeasureButton />
        </div>
      </div>
      <Measuring />
      <p className="hint">
        How precise a detector is on held-out images, and what each kind of mistake takes from that: the seven curves of COCO's error
        analysis, as in Figure 1 of the MKD paper.
        {subjects.length === 0 && " They are measured when a run ends, or when you ask."}
      </p>
      {subjects.length > 0 && <Compared subjects={subjects} category={category} />}
      {alone && <p className="hint">To see another student here too, make a run that has ended the baseline, in the list of runs.</p>}
    </section>
  );
}

/** Whose errors are known, the names of the classes, and whether the student has no other beside it. */
function useSubjects(): { subjects: Subject[]; classes: string[]; alone: boolean } {
  useStore(({ runs }) => runs);
  useStore(({ baseline }) => baseline);
  useStore(({ phase }) => phase);
  const errors = useStore((state) => state.errors);
  const gallery = useStore(boxGalleryOf);
  const state = getState();
  return { subjects: subjectsOf(state), classes: errors?.classes ?? gallery.classes, alone: errors !== undefined && !besideOf(state) };
}

interface ClassPickerProps {
  classes: readonly string[];
  subjects: readonly Subject[];
  category?: number;
  onPick(category?: number): void;
}

/** Classes of which there is something to find. */
function ClassPicker({ classes, subjects, category, onPick }: ClassPickerProps) {
  const there = classes.flatMap((name, i) => (subjects.every(({ analysis }) => curvesFor(analysis, i)) ? [{ name, i }] : []));
  return (
    <label className="check">
      Errors of
      <select value={category ?? ""} onChange={({ target }) => onPick(target.value === "" ? undefined : Number(target.value))}>
        <option value="">all classes</option>
        {there.map(({ name, i }) => (
          <option key={name} value={i}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** One button for both, so that the keyboard's focus stays. */
function MeasureButton() {
  const measuring = useStore((state) => state.measuring !== undefined);
  const possible = useStore((state) => begun(state) && state.phase !== "opening" && state.phase !== "failed");
  const press = () => {
    refuse("errors");
    send({ type: measuring ? "endErrors" : "measureErrors" });
  };
  return (
    <button type="button" disabled={!possible} onClick={press}>
      {measuring ? "Stop measuring" : "Measure errors now"}
    </button>
  );
}

function Measuring() {
  const share = useStore((state) => state.measuring);
  const refusal = useSupply((state) => state.refusals.errors);
  return (
    <>
      {share !== undefined && (
        <Bar label="Looking at held-out images" value={share}>
          {null}
        </Bar>
      )}
      <Problem refusal={refusal} />
    </>
  );
}

function Compared({ subjects, category }: { subjects: readonly Subject[]; category?: number }) {
  return (
    <>
      <BandPatterns />
      <div className="error-plots">
        {subjects.map((subject) => (
          <figure key={subject.id} data-errors={subject.id}>
            <figcaption>
              <b>{subject.title}</b>
              <span className="hint">{subject.note}</span>
            </figcaption>
            <Plot title={subject.title} analysis={subject.analysis} category={category} />
          </figure>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard */}
      <section className="scroll" tabIndex={0} aria-label="What errors cost, as a table">
        <CostTable subjects={subjects} category={category} />
      </section>
    </>
  );
}

/** Precision over recall; the bands stand on each other. Drawn again only for other numbers. */
const Plot = memo(function Plot({ title, analysis, category }: { title: string; analysis: ErrorAnalysis; category?: number }) {
  const heights = heightsOf(curvesFor(analysis, category)!);
  const axis = { type: "number", domain: [0, 1], ticks: [0, 0.5, 1], ...AXIS } as const;
  return (
    <div role="img" aria-label={`${title}: precision over recall, in seven bands; their areas are in the table.`}>
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

/** The areas below the curves, each forgiving more; the plots' legend too. */
function CostTable({ subjects, category }: { subjects: readonly Subject[]; category?: number }) {
  const costs = subjects.map(({ analysis }) => costsOf(curvesFor(analysis, category)!));
  return (
    <table className="figures-table">
      <caption>
        Mean precision over all recalls, if a row and those above it counted as right; beside it, how many points the row adds.
      </caption>
      <thead>
        <tr>
          <th scope="col">counted as right</th>
          {subjects.map(({ id, title }) => (
            <th key={id} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
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
      </tbody>
    </table>
  );
}

function BandName({ name, label, about }: Band) {
  return (
    <th scope="row">
      <Swatch name={name} /> <b>{label}</b> <small>({name})</small> {about}
    </th>
  );
}
