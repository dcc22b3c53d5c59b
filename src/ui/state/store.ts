/** Everything the page shows of runs, in one store. Worker events are folded in; the history is mutable, and `version` counts its changes. */
import { create, type StoreApi, type UseBoundStore } from "zustand";
import type { AdapterFacts } from "../../engine/device";
import { packBits } from "../../metrics/bits";
import type { Change, Settings } from "../../settings/run";
import { ownTeacher, SCHEMA, taskOf } from "../../tasks";
import type { Cost, Reference, TeacherTime } from "../../tasks/task";
import type { RunMemory } from "../../train/session";
import type { ErrorReport, Event, Phase, Wanted } from "../../worker/protocol";
import type { RecordingFacts } from "../../worker/recording";
import { pageOf } from "../tasks";
import type { Experiment, Sweep } from "./experiments";
import { History, type Numbers } from "./history";
import type { Instant } from "./instant";
import type { KeptFacts } from "./keptList";
import type { Run } from "./runs";
import { repeated } from "./selectors";

export interface State {
  phase: Phase;
  note: string;
  adapter?: AdapterFacts;
  /** The newest data of each picture, by task and by name of the view. */
  views: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** What a visitor wants to see of each task's pictures: rows, an image, a level. The task knows its own. */
  picks: Readonly<Record<string, unknown>>;
  /** What errors cost, as last measured, and how far measuring it has come. */
  errors?: ErrorReport;
  measuring?: number;
  cost?: Cost;
  /** Bytes that the run takes on the GPU. */
  memory?: RunMemory;
  /** As last measured, until a setting of the mask changes. */
  teacherTime?: TeacherTime;
  /** Of the run under way. */
  dataset?: Reference;
  /** Name of the teacher; null when there is none, undefined while it is unknown. */
  teacher?: string | null;
  /** What the panel says, and what the worker's run has. */
  wanted: Settings;
  /** Of the panel's settings that a task would measure by itself, those that a person has set. */
  given: readonly string[];
  active?: Settings;
  step: number;
  changes: Change[];
  /** Live changes that can be taken back, oldest first. */
  undo: { key: string; from: string | number; at: Instant }[];
  /** What is wrong with a control's entry, by key. */
  problems: Readonly<Record<string, string | undefined>>;
  urlProblems: string[];
  /** `spoiled`: the state of the run is no good any more. `memory`: the GPU has too little for it. */
  failure?: { message: string; remedy: string; fatal: boolean; spoiled?: boolean; memory?: boolean };
  /** Runs that this browser keeps, the newest first, and which of them is the one under way. */
  kept: KeptFacts[];
  place?: string;
  experiment?: Experiment | Sweep;
  /** Name of the lesson that is open. */
  lesson?: string;
  /** The recording that is shown in place of a run. */
  watching?: RecordingFacts;
  /** Kept runs that other tabs have open, and one of them that was asked for here. */
  elsewhere: readonly string[];
  taken?: { id: string; waits: boolean };
  /** Whether the run could not be kept for want of room; bytes of the disk in use here, and at most. */
  full: boolean;
  disk?: { used: number; most: number };
  /** Something to know that is no failure. */
  notice?: string;
  /** Loads a newer version of the page, where one has been fetched. */
  update?: () => void;
  history: History;
  version: number;
  /** The run that goes step for step with the one under way: of its own the settings, the history and the pictures. */
  beside?: RunStore;
  /** Runs that ended, oldest first, and the one that others are set against. */
  runs: Run[];
  baseline?: number;
  /** Step shown because a pointer is on a chart, and because someone chose it. */
  hover?: number;
  pinned?: number;
}

export type RunStore = UseBoundStore<StoreApi<State>>;

/** A page that has just been opened with these settings in its address. */
export function createRunStore(address: URLSearchParams): RunStore {
  const { settings, problems, given } = SCHEMA.fromPairs(address);
  return create<State>()(() => ({
    ...{ phase: "opening", note: "", views: {}, picks: {}, wanted: settings, given, step: 0, changes: [], undo: [], problems: {} },
    ...{ urlProblems: problems, history: new History(settings.steps), version: 0, runs: [], kept: [], elsewhere: [], full: false },
  }));
}

/** Adds a change to the list shown; several of one setting at one step are one. */
export function withChange(changes: Change[], change: Change): Change[] {
  const last = changes.at(-1);
  if (last?.key !== change.key || last.step !== change.step) return [...changes, change];
  const merged = { ...change, from: last.from };
  return merged.from === merged.to ? changes.slice(0, -1) : [...changes.slice(0, -1), merged];
}

/** Folds a worker's event into the state. Step reports only enter the history; `version` says when to redraw. */
export function receive(store: RunStore, event: Event): void {
  const { history, active, cost, teacherTime } = store.getState();
  // Hundreds of steps a second must not redraw the page each.
  if (event.type === "step") history.push(event.report, cost && active && price(cost, active.batch, teacherTime, event.report.known));
  else if (event.type === "beside") receiveBeside(store, event.event);
  else store.setState(fold(event, store.getState()));
}

/** Its pictures come before it has started. It is drawn with the run under way, which says when. */
function receiveBeside(store: RunStore, event: Event): void {
  const { beside = createRunStore(new URLSearchParams()) } = store.getState();
  store.setState({ beside });
  receive(beside, event);
  if (event.type === "started") beside.setState({ wanted: event.settings });
  if (event.type === "step") beside.setState({ step: event.report.step });
}

function fold(event: Event, state: State): Partial<State> {
  const { history, active, version, changes, urlProblems } = state;
  switch (event.type) {
    case "phase":
      return { phase: event.phase, note: event.note };
    case "adapter":
      return { adapter: event.facts };
    case "unusable":
      return { urlProblems: [...new Set([...urlProblems, event.problem])] };
    case "started":
      return started(event, state);
    case "parted":
      return { beside: undefined, notice: `The second of the two runs goes on no longer. ${event.message}` };
    case "view":
      return shown(event, state);
    case "measuring":
      return { measuring: event.share ?? undefined };
    case "errors":
      return { errors: event.errors };
    case "evaluated":
      history.measured("scores", event.scores);
      history.tested({ step: event.step, scores: event.scores, count: event.count, ...(event.right && { right: packBits(event.right) }) });
      return { version: version + 1 };
    case "changed":
      return {
        changes: withChange(changes, event.change),
        active: active && { ...active, [event.change.key]: event.change.to },
        // Another mask takes another time; it has yet to be measured.
        ...(active && SCHEMA.setting(event.change.key, active.preset).group === "mask" && { teacherTime: undefined }),
      };
    case "cost":
      return { cost: event.cost };
    case "memory":
      return { memory: event.memory };
    case "timed":
      return { teacherTime: event.time };
    case "failed":
      return { failure: event };
    default:
      return {};
  }
}

/** Comes before a run has started, and stays. */
const GALLERY = "gallery";

function started(event: Extract<Event, { type: "started" }>, { history, views }: State): Partial<State> {
  const { settings, dataset, teacher, step, changes } = event;
  const { name: task } = taskOf(settings.preset);
  // A resumed run comes with its own history.
  const fresh = step === 0 || history.total !== settings.steps || (history.points.at(-1)?.step ?? Number.POSITIVE_INFINITY) > step;
  return {
    ...{ active: settings, dataset, teacher: teacher?.name ?? null, step, changes, failure: undefined, undo: [], version: 0 },
    ...{ errors: undefined, measuring: undefined, teacherTime: undefined, hover: undefined, pinned: undefined, beside: undefined },
    // What the last run's teacher cost says nothing of a run without one.
    ...(!teacher && !ownTeacher(settings.preset) && { cost: undefined }),
    views: { ...views, [task]: { [GALLERY]: views[task]?.[GALLERY] } },
    ...(fresh && { history: new History(settings.steps) }),
  };
}

/** A picture's newest data. Those of the run's own task also enter its history. */
function shown({ task, view }: Extract<Event, { type: "view" }>, { views, active, history, version, step }: State): Partial<State> {
  const newest = { views: { ...views, [task]: { ...views[task], [view.name]: view.value } } };
  if (!active || task !== taskOf(active.preset).name) return newest;
  const { condense, numbers } = pageOf(active.preset);
  const measured = numbers?.[view.name]?.(view.value);
  if (measured) history.measured(view.name, measured);
  const kept = view.keep !== undefined && view.step !== undefined;
  if (kept) {
    const value = condense?.[view.name]?.(view.value) ?? view.value;
    history.keep(task, view.name, { step: view.step!, value }, view.keep!);
  }
  return { ...newest, ...((kept || measured) && { version: version + 1, step: Math.max(view.step ?? 0, step) }) };
}

/** What a step of so many images costs; of the teacher nothing, where all that is frozen is known. */
export function price({ macs, fullMacs, bufferBytes }: Cost, batch: number, measured?: TeacherTime, known = false): Numbers {
  const share = known ? 0 : 1;
  const computed = { macs: share * macs * batch, fullMacs: fullMacs * batch, memory: bufferBytes };
  const time = repeated(measured);
  return time ? { ...computed, teacherMs: share * time.ms, teacherFullMs: time.fullMs } : computed;
}

/** The run that the panel describes, as the worker is told of it. */
export const wantedRun = ({ wanted, given }: Pick<State, "wanted" | "given">): Wanted => ({
  settings: wanted,
  ...(given.length > 0 && { given }),
});
