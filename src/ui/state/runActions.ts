/** Running the training: start, pause, step, stop. Buttons and keys call this. */
import type { Settings } from "../../settings/run";
import { taskOf } from "../../tasks";
import type { Guest } from "../../tasks/task";
import type { Wanted } from "../../worker/protocol";
import type { Context } from "./context";
import type { RunKeeper } from "./keeper";
import { begun, busy, finished, offered, waiting } from "./selectors";
import type { SettingActions } from "./settingActions";
import { refuse } from "./sources";
import { type State, wantedRun } from "./store";
import type { TeacherActions } from "./teacherActions";

export class RunActions {
  constructor(
    private readonly context: Context,
    private readonly settings: SettingActions,
    private readonly teachers: TeacherActions,
    private readonly keeper: RunKeeper,
  ) {}

  /** A fresh run with the panel's settings; `beside` goes step for step with it. */
  restart(beside?: Wanted): void {
    const { store } = this.context;
    const { wanted, watching } = store.getState();
    const [conflict] = Object.values(conflicts(wanted));
    if (conflict) store.setState({ failure: { message: "These settings do not go together.", remedy: conflict, fatal: false } });
    else if (watching) this.context.goLive();
    else if (this.teachers.isThere() && (!beside || this.teachers.isThere(beside.settings))) this.begin(beside);
  }

  /** A fresh run with some of the panel's settings changed first. */
  restartWith(changes: Readonly<Record<string, number | string>>): void {
    for (const [key, value] of Object.entries(changes)) this.settings.change(key, value);
    this.restart();
  }

  /** The green button: starts, pauses or continues, whichever is due. */
  playOrPause(): void {
    const state = this.context.store.getState();
    if (busy(state)) this.context.send({ type: "pause" });
    else if (state.watching) this.context.send({ type: "play" });
    else if (state.phase === "ready" || state.phase === "failed" || finished(state)) this.restart();
    else if (state.phase === "paused") this.context.send({ type: "play" });
  }

  /** Halts what is under way. */
  pause(): void {
    if (busy(this.context.store.getState())) this.context.send({ type: "pause" });
  }

  /** The space bar: what the green button says, but it never starts a run where another one is there to look at or to resume. */
  playByKey(): void {
    const state = this.context.store.getState();
    if (finished(state)) return;
    if (state.phase === "ready" && offered(state)) void this.keeper.resume();
    else this.playOrPause();
  }

  /** The key for one step: of a run that is under way, or a fresh one where none is offered. */
  stepByKey(): void {
    if (!offered(this.context.store.getState())) this.stepOnce();
  }

  /** Back to what was last kept of the run, and on at half the learning rate. */
  backAtHalfRate(): void {
    const { place, wanted } = this.context.store.getState();
    void this.keeper.resume(place, { before: () => this.settings.change("lr", Number(wanted.lr) / 2) });
  }

  /** A fresh run with half the images in a batch: it takes about half the GPU's memory. */
  restartAtHalfBatch(): void {
    this.restartWith({ batch: halfBatch(this.context.store.getState()) });
  }

  stepOnce(): void {
    const { store, send } = this.context;
    const state = store.getState();
    if (state.phase !== "ready" && state.phase !== "paused") return;
    if (state.phase === "ready" && !this.teachers.isThere()) return;
    // The prepared session may have older settings than the panel.
    if (state.phase === "ready" && waiting(state).length) send({ type: "start", ...wantedRun(state), paused: true });
    send({ type: "step" });
  }

  /** Ends the run where it is; a recording goes to its end. */
  stop(): void {
    const { store, send } = this.context;
    const state = store.getState();
    if ((begun(state) || state.watching) && !finished(state)) send({ type: "stop" });
  }

  /** Shows something of the visitor's own among the pictures; the worker keeps it as long as the run. */
  showGuest(guest: Guest): void {
    this.context.send({ type: "guest", guest });
  }

  /** Measures what errors cost the student as it is, or ends that. */
  measureErrors(wanted: boolean): void {
    refuse(this.context.sources, "errors");
    this.context.send({ type: wanted ? "measureErrors" : "endErrors" });
  }

  private begin(beside?: Wanted): void {
    const { store, sources, send } = this.context;
    this.settings.dropPending();
    this.keeper.startsAnew();
    sources.setState({ restoring: false, missing: undefined });
    // The worker says so, too, but only after a moment in which a second start must be impossible.
    store.setState({ failure: undefined, phase: "compiling", note: "" });
    send({ type: "start", ...wantedRun(store.getState()), ...(beside && { beside }) });
  }
}

/** Half the images of the panel's batch. */
export const halfBatch = ({ wanted }: Pick<State, "wanted">): number => Math.max(1, Math.floor(Number(wanted.batch) / 2));

/** What is wrong with settings that do not go together, by the key of the one to change. */
export const conflicts = (settings: Settings): Record<string, string> => taskOf(settings.preset).conflicts?.(settings) ?? {};
