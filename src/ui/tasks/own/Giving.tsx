/** A picture of the visitor's own, from a file or the camera. It goes to the page's own worker and nowhere else. */
import { useState } from "react";
import type { Fitted } from "../../../data/decode";
import { taskOf } from "../../../tasks";
import { FilePicker } from "../../shell/FilePicker";
import { run, useStore } from "../../state/app";
import type { State } from "../../state/store";
import { photograph, pictureOf, problemIn } from "./sources";

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
