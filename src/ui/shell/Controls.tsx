/** The bar that controls the training: one green button that becomes Pause, and what the run is doing. */
import { taskOf } from "../../tasks";
import { count, duration, short } from "../format";
import { keeper, playground, run, settings, teachers, useSources, useStore } from "../state/app";
import { begun, busy, finished, offered, presetOf, secondsLeft, waiting } from "../state/selectors";
import { isStale } from "../state/sources";
import type { State } from "../state/store";
import { pageOf } from "../tasks";
import { FilePicker } from "./FilePicker";
import { Recordings } from "./Recordings";

export function Controls({ onHelp }: { onHelp(): void }) {
  const state = useStore();
  const training = useSources(({ teacherTraining }) => teacherTraining !== undefined);
  return (
    <section className="controls" aria-label="Training">
      <div className="buttons">
        {state.watching ? <WatchButtons state={state} /> : <RunButtons state={state} />}
        <button type="button" onClick={onHelp} aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)">
          ?
        </button>
      </div>
      <p className="status" role="status" data-phase={state.phase}>
        {training ? "Training a teacher …" : <Status state={state} />}
      </p>
      <Progress state={state} />
    </section>
  );
}

function RunButtons({ state }: { state: State }) {
  const { phase, failure, undo: stack } = state;
  const idle = phase === "ready" || phase === "paused";
  const stale = useSources((sources) => isStale(sources, state.wanted.teacher === "none"));
  const pendingNext = begun(state) && (waiting(state).length > 0 || stale);
  return (
    <>
      <MainButtons state={state} />
      <button type="button" onClick={() => run.stepOnce()} disabled={!idle || finished(state)}>
        Step
      </button>
      <button
        type="button"
        onClick={() => run.stop()}
        disabled={!begun(state) || finished(state) || failure?.fatal}
        title="Ends the run here and tests the student"
      >
        Stop
      </button>
      {!finished(state) && (
        <button type="button" onClick={() => run.restart()} disabled={!begun(state)} className={pendingNext ? "due" : undefined}>
          {pendingNext ? "Restart to apply" : "Restart"}
        </button>
      )}
      <button type="button" onClick={() => settings.undo()} disabled={stack.length === 0} title="Takes back the last live change (Ctrl+Z)">
        Undo
      </button>
      <FileButtons disabled={!state.active || failure?.fatal === true} state={state} />
    </>
  );
}

/** A recording plays by the same buttons as a run, as far as they mean something to it. */
function WatchButtons({ state }: { state: State }) {
  const ended = finished(state);
  return (
    <>
      <button type="button" className="go" onClick={() => playground.trainLive()} disabled={state.failure?.fatal}>
        Train it live
      </button>
      <button type="button" onClick={() => run.playOrPause()}>
        {busy(state) ? "Pause" : ended ? "Play again" : "Play"}
      </button>
      <button type="button" onClick={() => run.stop()} disabled={ended}>
        To the end
      </button>
      <Recordings />
    </>
  );
}

function MainButtons({ state }: { state: State }) {
  const { phase, failure } = state;
  const offer = offered(state);
  const waitingForGpu = phase === "opening" || failure?.fatal;
  const label = busy(state) ? "Pause" : phase === "paused" && !finished(state) ? "Continue" : "Start";
  return (
    <>
      {offer && (
        <button type="button" className="go" onClick={() => void keeper.resume()} disabled={waitingForGpu}>
          {offer.step < offer.total ? `Resume at step ${count(offer.step)}` : "Show the finished run"}
        </button>
      )}
      <button type="button" className={offer ? undefined : "go"} onClick={() => run.playOrPause()} disabled={waitingForGpu}>
        {offer ? "Start a new run" : finished(state) ? "Start again" : label}
      </button>
    </>
  );
}

function FileButtons({ disabled, state }: { disabled: boolean; state: State }) {
  return (
    <>
      <button type="button" onClick={() => void keeper.saveToFile()} disabled={disabled}>
        Save
      </button>
      <FilePicker label="Saved run" accept=".safetensors" onPick={([file]) => void keeper.openFile(file)} disabled={disabled}>
        Open
      </FilePicker>
      <button type="button" popoverTarget="exports" disabled={disabled}>
        Export
      </button>
      <Exports state={state} />
    </>
  );
}

/** What other programs can go on with. */
function Exports({ state }: { state: State }) {
  const { made = "student", onnx } = taskOf(presetOf(state));
  const untrained = !begun(state);
  return (
    <div id="exports" popover="auto" className="exports">
      {state.beside && <p className="hint">Files hold the first of the two runs.</p>}
      <Export what="student" label={`Download ${made}`} hint={`The ${made}'s weights as a safetensors file`} disabled={untrained} />
      {onnx && (
        <Export
          what="onnx"
          label="As ONNX"
          hint={`The ${made} for onnxruntime and other programs: it takes images as they are, normalising them itself`}
          disabled={untrained}
        />
      )}
      <Export
        what="project"
        label="Hand over to PyTorch"
        hint="A zip with the networks, the settings, the first batches and their losses, and a small PyTorch project that repeats them and trains on"
      />
    </div>
  );
}

interface ExportProps {
  what: Parameters<typeof teachers.export>[0];
  label: string;
  hint: string;
  disabled?: boolean;
}

function Export({ what, label, hint, disabled }: ExportProps) {
  return (
    <div>
      <button
        type="button"
        popoverTarget="exports"
        popoverTargetAction="hide"
        onClick={() => teachers.export(what)}
        disabled={disabled}
        aria-describedby={`export-${what}`}
      >
        {label}
      </button>
      <p id={`export-${what}`} className="hint">
        {hint}.
      </p>
    </div>
  );
}

function Progress({ state }: { state: State }) {
  const { step, active, wanted, history } = state;
  const total = active?.steps ?? wanted.steps;
  const left = state.watching ? undefined : secondsLeft(state);
  return (
    <>
      <span className="figures">
        step <b>{short(step)}</b> of {short(total)}
        {step > 0 && <span className="pace"> · {short(history.imagesPerSecond)} images/s</span>}
        {left !== undefined && <> · {duration(left)} left</>}
        {history.scaled && <LossScale {...history.scaled} />}
      </span>
      <progress max={total} value={step} aria-label="Steps done" data-step={step} />
    </>
  );
}

/** Mixed precision: what the loss is multiplied with, and the steps whose update was left out because gradients overflowed. */
function LossScale({ scale, skipped }: NonNullable<State["history"]["scaled"]>) {
  return (
    <span className="pace">
      {" "}
      · loss scale {short(scale)}, {skipped} {skipped === 1 ? "update" : "updates"} skipped
    </span>
  );
}

/** What a phase is called, where the worker does not say more. */
const PHASES: Record<State["phase"], string> = {
  opening: "Opening the GPU",
  ready: "Ready. Pictures are of an untrained student.",
  compiling: "Preparing kernels, once",
  running: "Training",
  paused: "Paused",
  finished: "Finished",
  failed: "Stopped",
};

/** The status line: what is going on, which on a phone gives way to the last milestone. */
function Status({ state }: { state: State }) {
  const { phase, note, history, failure, watching } = state;
  if (failure && phase !== "running" && !watching) return failure.message;
  const goesOn = phase === "opening" || phase === "compiling";
  const now = watching ? "A recorded run" : `${note || PHASES[phase]}${goesOn ? " …" : ""}`;
  const last = history.evaluations.at(-1);
  if (!last) return now;
  const [score] = Object.values(last.scores);
  return (
    <>
      <span className={goesOn ? undefined : "phase"}>{now} · </span>
      {`Held-out ${pageOf(presetOf(state)).words.score} ${Math.round(100 * score)} % at step ${count(last.step)}.`}
    </>
  );
}
