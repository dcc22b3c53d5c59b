/** What errors cost: the seven curves of COCO's error analysis, of a run before, of this student and of its teacher. */
import { useState } from "react";
import { Bar, Problem } from "../../shell/CardParts";
import { run, store, useSources, useStore } from "../../state/app";
import { begun } from "../../state/selectors";
import type { State } from "../../state/store";
import { ErrorPlots } from "./ErrorPlots";
import { besideOf, curvesFor, familiesOf, type Kin, type Subject, subjectsOf } from "./errorCosts";
import "./errors.css";

export function ErrorCosts({ galleryOf }: { galleryOf(state: State): { classes: readonly string[] } }) {
  const known = useStore(galleryOf).classes;
  const { subjects, classes, alone } = useSubjects(known);
  const [picked, setPicked] = useState<Kin>();
  const recorded = useStore(({ watching }) => watching !== undefined);
  const kin = subjects.every(({ analysis }) => curvesFor(analysis, picked)) ? picked : undefined;
  return (
    <section className="panel error-costs" aria-labelledby="errors-title" data-subjects={subjects.map(({ id }) => id).join(" ")}>
      <div className="panel-head">
        <h2 id="errors-title">What errors cost</h2>
        <div className="focus">
          {subjects.length > 0 && <KinPicker {...{ classes, subjects, kin }} onPick={setPicked} />}
          {!recorded && <MeasureButton />}
        </div>
      </div>
      <Measuring />
      <p className="hint">
        How precise a detector is on held-out images, and what each kind of mistake takes from that: the seven curves of COCO's error
        analysis, as in Figure 1 of the MKD paper.
        {subjects.length === 0 && (recorded ? " A recording has none." : " They are measured when a run ends, or when you ask.")}
      </p>
      {subjects.length > 0 && (
        <ErrorPlots subjects={subjects} kin={kin} of={typeof kin === "number" ? classes[kin] : (kin ?? "all classes")} />
      )}
      {alone && <p className="hint">To see another student beside this one, make a finished run the baseline in the list of runs.</p>}
    </section>
  );
}

/** The runs and teacher with known errors, the names of the classes, and whether the student stands alone. */
function useSubjects(known: readonly string[]): { subjects: Subject[]; classes: readonly string[]; alone: boolean } {
  useStore(({ runs }) => runs);
  useStore(({ baseline }) => baseline);
  useStore(({ phase }) => phase);
  const errors = useStore((state) => state.errors);
  const state = store.getState();
  return { subjects: subjectsOf(state), classes: errors?.classes ?? known, alone: errors !== undefined && !besideOf(state) };
}

interface KinPickerProps {
  classes: readonly string[];
  subjects: readonly Subject[];
  kin: Kin;
  onPick(kin: Kin): void;
}

/** The classes of which the held-out images have objects, and their supercategories where there are several. */
function KinPicker({ classes, subjects, kin, onPick }: KinPickerProps) {
  const there = classes.flatMap((name, i) => (subjects.every(({ analysis }) => curvesFor(analysis, i)) ? [{ name, i }] : []));
  const families = familiesOf(subjects);
  const choices: Kin[] = [undefined, ...families, ...there.map(({ i }) => i)];
  return (
    <label className="check">
      Errors of
      <select value={choices.indexOf(kin)} onChange={({ target }) => onPick(choices[Number(target.value)])}>
        <option value={0}>all classes</option>
        {families.length > 0 && (
          <optgroup label="supercategories">
            {families.map((family, f) => (
              <option key={family} value={1 + f}>
                {family}
              </option>
            ))}
          </optgroup>
        )}
        <optgroup label="classes">
          {there.map(({ name }, c) => (
            <option key={name} value={1 + families.length + c}>
              {name}
            </option>
          ))}
        </optgroup>
      </select>
    </label>
  );
}

/** A single button starts and stops, so that the keyboard's focus stays on it. */
function MeasureButton() {
  const measuring = useStore((state) => state.measuring !== undefined);
  const possible = useStore((state) => begun(state) && state.phase !== "opening" && state.phase !== "failed");
  return (
    <button type="button" disabled={!possible} onClick={() => run.measureErrors(!measuring)}>
      {measuring ? "Stop measuring" : "Measure errors now"}
    </button>
  );
}

function Measuring() {
  const share = useStore((state) => state.measuring);
  const refusal = useSources((state) => state.refusals.errors);
  return (
    <>
      {share !== undefined && <Bar label="Looking at held-out images" value={share} />}
      <Problem refusal={refusal} />
    </>
  );
}
