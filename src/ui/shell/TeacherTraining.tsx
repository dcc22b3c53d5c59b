/** Training a teacher on the loaded data: of what size, for how long, and how far it has come. */
import { useState } from "react";
import { taskOf } from "../../tasks";
import { count, duration, short } from "../format";
import { teachers, useSources, useStore } from "../state/app";
import { pageOf } from "../tasks";
import { Bar } from "./CardParts";

/** Passes over the data that a teacher's training is planned for, within limits. */
const EPOCHS = 15;
const planned = (images: number, batch: number) => Math.min(4000, Math.max(300, 100 * Math.round((EPOCHS * images) / batch / 100)));

export function TrainingForm({ hasOne }: { hasOne: boolean }) {
  if (!hasOne) return <Form prominent />;
  return (
    <details>
      <summary>Train another one</summary>
      <Form />
    </details>
  );
}

function Form({ prominent }: { prominent?: boolean }) {
  const images = useSources((state) => state.loaded?.data.train ?? 0);
  const { batch, preset } = useStore((state) => state.wanted);
  const [picked, setPicked] = useState("");
  const [typed, setTyped] = useState("");
  const suggested = useSuggestedSize(preset);
  const { sizes } = taskOf(preset);
  const size = picked in sizes ? picked : suggested;
  const steps = typed ? Number(typed) : planned(images, batch);
  const valid = Number.isInteger(steps) && steps > 0 && steps <= 1e6;
  return (
    <form
      className="training"
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) teachers.train(size, steps);
      }}
    >
      <label>
        Size{" "}
        <select value={size} onChange={({ target }) => setPicked(target.value)}>
          {Object.entries(sizes).map(([name, values]) => (
            <option key={name} value={name}>
              {name}: {pageOf(preset).words.size(values)}
            </option>
          ))}
        </select>
      </label>
      <label>
        Steps{" "}
        <input
          inputMode="numeric"
          value={typed}
          placeholder={String(planned(images, batch))}
          aria-invalid={!valid}
          onChange={({ target }) => setTyped(target.value)}
        />
      </label>
      <button type="submit" className={prominent ? "go" : undefined} disabled={!valid}>
        Train a teacher
      </button>
    </form>
  );
}

/** The third smallest, or on a slow machine the second. */
function useSuggestedSize(preset: string): string {
  const slow = useStore((state) => state.adapter?.software === true);
  const names = Object.keys(taskOf(preset).sizes);
  return names[Math.min(slow ? 1 : 2, names.length - 1)];
}

export function TrainingProgress() {
  const report = useSources((state) => state.teacherTraining!);
  const preset = useStore(({ wanted }) => wanted.preset);
  const { step, steps, loss, secondsLeft } = report;
  const said = [
    `Step ${count(step)} of ${count(steps)}`,
    loss !== undefined && `loss ${short(loss)}`,
    pageOf(preset).words.progress(report),
    secondsLeft !== undefined && `about ${duration(secondsLeft)} left`,
  ];
  return (
    <>
      <Bar label="Training the teacher" value={step / steps}>
        <button type="button" onClick={() => teachers.endTraining(true)}>
          Stop and use it
        </button>
        <button type="button" onClick={() => teachers.endTraining(false)}>
          Discard
        </button>
      </Bar>
      <p className="hint" role="status">
        {loss === undefined ? "Preparing kernels, once …" : said.filter(Boolean).join(" · ")}
      </p>
    </>
  );
}
