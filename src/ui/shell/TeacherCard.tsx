/** The teacher card: who teaches, how one is trained on the loaded data, and networks in and out as files. */
import { needsTeacher, ownTeacher } from "../../tasks";
import type { TeacherFacts } from "../../worker/protocol";
import { data, settings, teachers, useSources, useStore } from "../state/app";
import { pageOf } from "../tasks";
import { partsOf } from "../tasks/parts";
import { Due, Problem } from "./CardParts";
import { FromHub } from "./FromHub";
import { ImportButton } from "./ImportButton";
import { TrainingForm, TrainingProgress } from "./TeacherTraining";

export function TeacherCard() {
  const own = useStore(({ wanted }) => ownTeacher(wanted.preset));
  return own ? <OwnTeacher /> : <LoadedTeacher />;
}

/** Where a run makes its teacher itself, there is none to choose. */
function OwnTeacher() {
  const { words } = pageOf(useStore(({ wanted }) => wanted.preset));
  return (
    <section className="panel source" id="teacher" aria-labelledby="teacher-title">
      <h2 id="teacher-title">Teacher</h2>
      <p className="what">{words.alone}</p>
    </section>
  );
}

function LoadedTeacher() {
  const loaded = useSources((state) => state.loaded);
  const run = useSources((state) => state.run);
  const training = useSources((state) => state.teacherTraining !== undefined);
  const refusal = useSources((state) => state.refusals.teacher);
  const alone = useStore(({ wanted }) => wanted.teacher === "none");
  const mayLearnAlone = useStore(({ wanted }) => !needsTeacher(wanted.preset));
  const begun = useStore((state) => state.step > 0);
  const next = alone ? undefined : loaded?.teacher;
  const stale = begun && loaded && run && next?.id !== run.teacher?.id;
  return (
    <section className="panel source" id="teacher" aria-labelledby="teacher-title">
      <div className="panel-head">
        <h2 id="teacher-title">Teacher</h2>
        {mayLearnAlone && <AloneSwitch alone={alone} />}
      </div>
      {loaded && <Who teacher={loaded.teacher} alone={alone} />}
      {stale && (
        <Due>The run under way {run.teacher ? "keeps its teacher" : "goes on without a teacher"}. Press Restart to change that.</Due>
      )}
      <Missing />
      {training ? <TrainingProgress /> : !alone && loaded && <TrainingForm hasOne={loaded.teacher !== null} />}
      <Problem refusal={refusal}>
        {refusal?.side && (
          <button type="button" onClick={() => void teachers.resizeFor(refusal.side!)}>
            Read the images at {refusal.side} px
          </button>
        )}
      </Problem>
      {!alone && loaded && !training && <Files teacher={loaded.teacher} />}
      <Beginning />
    </section>
  );
}

function AloneSwitch({ alone }: { alone: boolean }) {
  return (
    <fieldset className="switch" aria-label="What the student learns from">
      <button type="button" aria-pressed={!alone} onClick={() => settings.change("teacher", "teacher")}>
        With a teacher
      </button>
      <button type="button" aria-pressed={alone} onClick={() => settings.change("teacher", "none")}>
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
  const classes = useSources((state) => state.loaded?.data.classes.length ?? 1);
  const { words } = pageOf(useStore(({ wanted }) => wanted.preset));
  if (alone) return <p className="what">The student learns from the {words.alone} alone, without a teacher.</p>;
  if (!teacher) return <p className="what">There is no teacher for this data yet.</p>;
  return (
    <>
      <p className="what">
        <b>{teacher.name}</b> {teacher.kind}
      </p>
      <p className="hint">
        {teacher.score !== undefined && `${words.scored(teacher.score, classes)}; `}
        {[`${ORIGIN[teacher.origin]}.`, ...(teacher.notes ?? [])].join(" ")}
      </p>
    </>
  );
}

function Files({ teacher }: { teacher: TeacherFacts | null }) {
  const refused = useSources((state) => state.refusals.teacher?.file === true);
  const { ImportHelp } = partsOf(useStore(({ wanted }) => wanted.preset));
  return (
    <>
      <div className="buttons">
        <ImportButton as="teacher" />
        {teacher && (
          <button type="button" onClick={() => teachers.export("teacher")}>
            Download it
          </button>
        )}
        {teacher && teacher.origin !== "shipped" && (
          <button type="button" onClick={() => teachers.drop()}>
            Remove it
          </button>
        )}
      </div>
      <FromHub kind="model" />
      <details open={refused}>
        <summary>What can be imported</summary>
        <ImportHelp />
      </details>
    </>
  );
}

/** What the student begins as, where that may be a file. */
function Beginning() {
  const start = useSources(({ loaded }) => loaded?.start);
  const stale = useSources(({ loaded, run }) => run !== undefined && loaded?.start?.id !== run.start?.id);
  const begun = useStore((state) => state.step > 0);
  if (start === undefined) return null;
  return (
    <section aria-label="Beginning of the student">
      <h3>The student's beginning</h3>
      <p className="what">
        {start ? (
          <>
            <b>{start.name}</b> {start.kind}. Patches, width, depth and heads are its own.
          </>
        ) : (
          "Fresh weights, drawn by the seed."
        )}
      </p>
      {start?.notes?.map((note) => (
        <p key={note} className="hint">
          {note}
        </p>
      ))}
      {begun && stale && <Due>The run under way began otherwise. Press Restart to change that.</Due>}
      <div className="buttons">
        <ImportButton as="student" />
        {start && (
          <button type="button" onClick={() => teachers.startFresh()}>
            Begin fresh
          </button>
        )}
      </div>
    </section>
  );
}

/** A saved run that cannot go on without a network it had. */
function Missing() {
  const missing = useSources((state) => state.missing);
  if (!missing || missing.what === "data") return null;
  return (
    <div className="heed" role="status">
      <p>
        The saved run had the {missing.what} <b>{missing.wanted.name}</b>
        {missing.what === "student" && " at its beginning"}, which is not loaded. Import that file, and the run continues.
      </p>
      <button type="button" onClick={() => data.abandon()}>
        Leave it
      </button>
    </div>
  );
}
