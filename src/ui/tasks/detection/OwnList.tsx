/** A picture of the visitor's own, from a file or the camera, and what is found on it. It goes to the page's own worker and nowhere else. */
import { useState } from "react";
import type { Fitted } from "../../../data/decode";
import { taskOf } from "../../../tasks";
import { percent } from "../../format";
import { FilePicker } from "../../shell/FilePicker";
import { run, useStore } from "../../state/app";
import type { State } from "../../state/store";
import type { OwnScene } from "./ownScene";
import { photograph, pictureOf, problemIn } from "./ownSources";

/** A recording looks at nothing, and without a run of the task there is no student. */
const takesPictures = ({ active, watching }: State, task: string) =>
  active !== undefined && !watching && taskOf(active.preset).name === task;

/** Two ways to give a picture to a run of the task; what is wrong with one is said beside them. */
export function Giving({ task, side }: { task: string; side: number }) {
  const ready = useStore((state) => takesPictures(state, task));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  // Buttons stay enabled meanwhile: a disabled one would lose the focus.
  const give = async (picture: () => Promise<Fitted>) => {
    if (busy) return;
    setBusy(true);
    try {
      run.showGuest(await picture());
      setProblem("");
    } catch (error) {
      setProblem(problemIn(error));
    }
    setBusy(false);
  };
  return (
    <span className="own-tools" aria-busy={busy} title={ready ? "It never leaves this tab" : "As soon as a run is there to look at it"}>
      <FilePicker label="Own picture file" accept="image/*" disabled={!ready} onPick={([file]) => void give(() => pictureOf(file, side))}>
        Own picture
      </FilePicker>
      <button type="button" disabled={!ready} onClick={() => void give(() => photograph(side))}>
        Camera
      </button>
      <span role="status">{problem}</span>
    </span>
  );
}

/** The picture in words: whose boxes there are, of what and how sure. */
export function OwnList({ scene, classes }: { scene: OwnScene; classes: string[] }) {
  const rows = (["student", "teacher"] as const).flatMap((who) => (scene[who] ?? []).map((one) => ({ who, ...one })));
  return (
    <div className="found-list">
      <p aria-live="polite">
        <b>Your picture.</b> {scene.says}.
      </p>
      {rows.length > 0 && (
        <table className="figures-table">
          <thead>
            <tr>
              <th scope="col">object</th>
              <th scope="col">found by</th>
              <th scope="col">score</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ who, category, score }, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no other name
              <tr key={i}>
                <th scope="row">{classes[category]}</th>
                <td>{who}</td>
                <td>{percent(score)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="hint">Nobody says what is on it, so no score counts it. It stays in this tab as long as the run.</p>
    </div>
  );
}
