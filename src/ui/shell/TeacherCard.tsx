/** The teacher card: who teaches, how one is trained on the data at hand, and networks in and out as files. */
import { useState } from "react";
import type { Moments } from "../../data/dataset";
import { isDetection } from "../../settings/experiment";
import type { Told } from "../../tasks/classification/network";
import type { TeacherFacts } from "../../worker/protocol";
import { count, duration, percent, short } from "../format";
import { change } from "../state/actions";
import {
  abandon,
  dropTeacher,
  endTeaching,
  exportNetwork,
  importAgain,
  importNetwork,
  resizeFor,
  type Size,
  sizes,
  teach,
} from "../state/sourceActions";
import { useSupply } from "../state/sources";
import { useStore } from "../state/store";
import { Bar, Due, Problem } from "./CardParts";
import { FilePicker } from "./FilePicker";

export function TeacherCard() {
  const loaded = useSupply((state) => state.loaded);
  const run = useSupply((state) => state.run);
  const teaching = useSupply((state) => state.teaching);
  const refusal = useSupply((state) => state.refusals.teacher);
  const alone = useStore(({ wanted }) => wanted.teacher === "none");
  const begun = useStore((state) => state.step > 0);
  const next = alone ? undefined : loaded?.teacher;
  const stale = begun && loaded && run && next?.id !== run.teacher?.id;
  return (
    <section className="panel source" id="teacher" aria-labelledby="teacher-title">
      <div className="panel-head">
        <h2 id="teacher-title">Teacher</h2>
        <AloneSwitch alone={alone} />
      </div>
      {loaded && <Who teacher={loaded.teacher} alone={alone} />}
      {stale && <Due>The run under way keeps {run.teacher ? "its teacher" : "learning alone"}; Restart takes this.</Due>}
      <Missing />
      {teaching ? <Teaching /> : !alone && loaded && <Training hasOne={loaded.teacher !== null} />}
      <Problem refusal={refusal}>
        {refusal?.side && (
          <button type="button" onClick={() => void resizeFor(refusal.side!)}>
            Read the images at {refusal.side} px
          </button>
        )}
      </Problem>
      {!alone && loaded && !teaching && <Files teacher={loaded.teacher} />}
    </section>
  );
}

function AloneSwitch({ alone }: { alone: boolean }) {
  return (
    <fieldset className="switch" aria-label="What the student learns from">
      <button type="button" aria-pressed={!alone} onClick={() => change("teacher", "teacher")}>
        With a teacher
      </button>
      <button type="button" aria-pressed={alone} onClick={() => change("teacher", "none")}>
        Learn alone
      </button>
    </fieldset>
  );
}

const ORIGIN: Record<TeacherFacts["origin"], string> = {
  shipped: "comes with this page",
  trained: "trained here, kept on this device",
  imported: "imported, kept on this device",
};

function Who({ teacher, alone }: { teacher: TeacherFacts | null; alone: boolean }) {
  const chance = useSupply((state) => 1 / (state.loaded?.data.classes.length ?? 1));
  const detects = useStore(({ wanted }) => isDetection(wanted.preset));
  if (alone) return <p className="what">The student learns from the {detects ? "boxes" : "labels"} alone, without a teacher.</p>;
  if (!teacher) return <p className="what">There is no teacher for this data yet.</p>;
  return (
    <>
      <p className="what">
        <b>{teacher.name}</b> {teacher.kind}
      </p>
      <p className="hint">
        {teacher.score !== undefined &&
          (detects
            ? `Average precision ${percent(teacher.score)} on held-out images; `
            : `Names ${percent(teacher.score)} of held-out images right (guessing: ${percent(chance)}); `)}
        {ORIGIN[teacher.origin]}.
      </p>
    </>
  );
}

/** Passes over the data that a teacher's training is planned for, within limits. */
const EPOCHS = 15;
const planned = (images: number, batch: number) => Math.min(4000, Math.max(300, 100 * Math.round((EPOCHS * images) / batch / 100)));

function Training({ hasOne }: { hasOne: boolean }) {
  const images = useSupply((state) => state.loaded?.data.train ?? 0);
  const batch = useStore(({ wanted }) => wanted.batch);
  const detects = useStore(({ wanted }) => isDetection(wanted.preset));
  const slow = useStore((state) => state.adapter?.software === true);
  const [size, setSize] = useState<Size>();
  const [typed, setTyped] = useState("");
  const suggested: Size = slow ? "small" : "medium";
  const steps = typed ? Number(typed) : planned(images, batch);
  const valid = Number.isInteger(steps) && steps > 0 && steps <= 1e6;
  const form = (
    <form
      className="training"
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) teach(size ?? suggested, steps);
      }}
    >
      <label>
        Size{" "}
        <select value={size ?? suggested} onChange={({ target }) => setSize(target.value as Size)}>
          {sizes(detects).map(([name, words]) => (
            <option key={name} value={name}>
              {name}: {words}
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
      <button type="submit" className={hasOne ? undefined : "go"} disabled={!valid}>
        Train a teacher
      </button>
    </form>
  );
  if (!hasOne) return form;
  return (
    <details>
      <summary>Train another one</summary>
      {form}
    </details>
  );
}

function Teaching() {
  const { step, steps, loss, top1, heldOut, secondsLeft } = useSupply((state) => state.teaching!);
  const detects = useStore(({ wanted }) => isDetection(wanted.preset));
  const right = heldOut === undefined ? { rate: top1, of: "of its batch" } : { rate: heldOut, of: "of held-out images" };
  const words =
    loss === undefined
      ? ["Preparing kernels, once …"]
      : [
          `Step ${count(step)} of ${count(steps)}`,
          `loss ${short(loss)}`,
          ...(right.rate === undefined
            ? []
            : [detects ? `average precision ${percent(right.rate)}` : `names ${percent(right.rate)} ${right.of} right`]),
          ...(secondsLeft === undefined ? [] : [`about ${duration(secondsLeft)} left`]),
        ];
  return (
    <>
      <Bar label="Training the teacher" value={step / steps}>
        <button type="button" onClick={() => endTeaching(true)}>
          Stop and use it
        </button>
        <button type="button" onClick={() => endTeaching(false)}>
          Discard
        </button>
      </Bar>
      <p className="hint" role="status">
        {words.join(" · ")}
      </p>
    </>
  );
}

/** Normalisations that ViTs are usually trained with. */
const SCALES: Record<string, Moments | undefined> = {
  "as this data": undefined,
  "ImageNet (timm, DeiT)": { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  "-1 to 1 (Google ViT)": { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
};

function Files({ teacher }: { teacher: TeacherFacts | null }) {
  const asked = useSupply((state) => state.refusals.teacher?.message.includes("how many attention heads") === true);
  const guide = useSupply((state) => state.loaded?.guide);
  const [heads, setHeads] = useState("");
  const [scale, setScale] = useState("as this data");
  const told = (scaled = scale): Told => ({ ...(Number(heads) > 0 && { heads: Number(heads) }), moments: SCALES[scaled] });
  return (
    <>
      <div className="buttons">
        <ImportButton as="teacher" told={told} />
        {teacher && (
          <button type="button" onClick={() => exportNetwork("teacher")}>
            Download it
          </button>
        )}
        {teacher && teacher.origin !== "shipped" && (
          <button type="button" onClick={dropTeacher}>
            Remove it
          </button>
        )}
      </div>
      <details open={asked}>
        <summary>About files, and a guide</summary>
        <p className="hint">
          A teacher is a ViT or DeiT with a class token as safetensors, under the names of timm, Hugging Face or vit-pytorch, for these
          classes and this image side. What its file does not say:
        </p>
        <div className="training">
          <label>
            Attention heads{" "}
            <input
              inputMode="numeric"
              placeholder="as usual"
              value={heads}
              onChange={({ target }) => setHeads(target.value)}
              onBlur={() => heads && importAgain(told())}
            />
          </label>
          <label>
            Pixels scaled{" "}
            <select
              value={scale}
              onChange={({ target }) => {
                setScale(target.value);
                importAgain(told(target.value));
              }}
            >
              {Object.keys(SCALES).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </div>
        <p className="hint">
          A guide is another such network, for any classes and size or self-supervised, whose attention can choose the patches (Chosen by:
          guide). {guide ? `Loaded: ${guide.name}, ${guide.kind}.` : "None is loaded."}
        </p>
        <ImportButton as="guide" told={told} />
      </details>
    </>
  );
}

function ImportButton({ as, told }: { as: "teacher" | "guide"; told: () => Told }) {
  const take = ([file]: FileList) => void importNetwork(as, file, told());
  return (
    <FilePicker label={as === "teacher" ? "Teacher file" : "Guide file"} accept=".safetensors" onPick={take}>
      Import a {as}
    </FilePicker>
  );
}

/** A saved run that cannot go on without a network it had. */
function Missing() {
  const missing = useSupply((state) => state.missing);
  if (!missing || missing.what === "data") return null;
  return (
    <div className="heed" role="status">
      <p>
        The saved run had the {missing.what} <b>{missing.wanted.name}</b>, which is not loaded. Import that file and the run goes on.
      </p>
      <button type="button" onClick={abandon}>
        Leave it
      </button>
    </div>
  );
}
