/** Everything the page shows, in one store. Worker events are folded in by `receive`; the history is mutable, told by `version`. */
import { create } from "zustand";
import type { AdapterFacts } from "../../engine/device";
import { type Change, fromPairs, type Key, type Preset, type Settings, settingOf, settingsOf } from "../../settings/experiment";
import type { Cost, Reference, TeacherTime } from "../../tasks/task";
import type { BoxGallery, Erasure, ErrorReport, Event, Frequency, Gallery, Look, Phase } from "../../worker/protocol";
import { firstGallery } from "../first";
import type { Focus } from "../tasks/detection/featureMaps";
import { History } from "./history";
import type { Run } from "./runs";
import { readUrl } from "./url";

/** Rows of the gallery. */
export type View = "mask" | "saliency" | "heads" | "kept" | "untrained";

export interface State {
  phase: Phase;
  note: string;
  adapter?: AdapterFacts;
  gallery: Gallery;
  frequency?: Frequency;
  boxGallery?: BoxGallery;
  erasure?: Erasure;
  /** What errors cost, as last measured, and how far measuring it has come. */
  errors?: ErrorReport;
  measuring?: number;
  /** The gallery in the eyes of a student that has learnt nothing. */
  untrained?: Look;
  cost?: Cost;
  /** As last measured, until a setting of the mask changes. */
  teacherTime?: TeacherTime;
  /** Of the run under way. */
  dataset?: Reference;
  /** Name of the teacher; null when there is none, undefined while nobody knows. */
  teacher?: string | null;
  /** What the panel says, and what the worker's run has. */
  wanted: Settings;
  active?: Settings;
  step: number;
  changes: Change[];
  /** Live changes that can be taken back, oldest first. */
  undo: { key: Key; from: string | number; at: number }[];
  /** What is wrong with a control's entry. */
  problems: Partial<Record<Key, string>>;
  urlProblems: string[];
  failure?: { message: string; remedy: string; fatal: boolean };
  /** A run kept by this browser that can be continued. */
  kept?: { step: number; total: number };
  history: History;
  version: number;
  /** Runs that ended, oldest first, and the one that others are set against. */
  runs: Run[];
  baseline?: number;
  /** Step shown because a pointer is on a chart, and because someone chose it. */
  hover?: number;
  pinned?: number;
  views: View[];
  /** Which feature maps are shown. */
  focus: Focus;
}

function initial(): State {
  const { settings, problems } = fromPairs(readUrl().settings);
  return {
    ...{ phase: "opening", note: "", gallery: firstGallery(), wanted: settings, step: 0, changes: [], undo: [] },
    ...{ problems: {}, urlProblems: problems, history: new History(settings.steps), version: 0, runs: [], views: ["mask", "saliency"] },
    focus: { image: 0, level: 0, side: 2, cell: 0 },
  };
}

export const useStore = create<State>()(initial);
export const { getState, setState } = useStore;

/** Adds a change to the list shown; several of one setting at one step are one. */
export function withChange(changes: Change[], change: Change): Change[] {
  const last = changes.at(-1);
  if (last?.key !== change.key || last.step !== change.step) return [...changes, change];
  const merged = { ...change, from: last.from };
  return merged.from === merged.to ? changes.slice(0, -1) : [...changes.slice(0, -1), merged];
}

/** Folds a worker's event into the state. Step reports only enter the history; `version` tells when to redraw. */
export function receive(event: Event): void {
  const { history, active, cost, teacherTime } = getState();
  // Hundreds of steps a second must not redraw the page each.
  if (event.type === "step") history.push(event.report, cost && active && price(cost, active, teacherTime));
  else setState(fold(event, getState()));
}

function fold(event: Event, { history, active, version, step, changes, urlProblems }: State): Partial<State> {
  switch (event.type) {
    case "phase":
      return { phase: event.phase, note: event.note };
    case "adapter":
      return { adapter: event.facts };
    case "unusable":
      return { urlProblems: [...new Set([...urlProblems, event.problem])] };
    case "gallery":
      return { gallery: event.gallery };
    case "started":
      return started(event, history);
    case "look":
      history.addLook(event.look);
      return { version: version + 1, step: Math.max(event.look.step, step) };
    case "untrained":
      return { untrained: event.look };
    case "frequency":
      return { frequency: event.frequency };
    case "boxGallery":
      return { boxGallery: event.gallery };
    case "boxLook":
      history.addBoxLook(event.look);
      return { version: version + 1, step: Math.max(event.look.step, step) };
    case "erasure":
      return { erasure: event.erasure };
    case "measuring":
      return { measuring: event.share ?? undefined };
    case "errors":
      return { errors: event.errors };
    case "pulls":
      history.measured("pulls", shares(event.pulls.norms));
      return { version: version + 1 };
    case "evaluated":
      history.measured("scores", event.scores);
      history.evaluations.push({ step: event.step, scores: event.scores, count: event.count });
      return { version: version + 1 };
    case "changed":
      return {
        changes: withChange(changes, event.change),
        active: active && { ...active, [event.change.key]: event.change.to },
        // Another mask takes another time; it has yet to be measured.
        ...(active && settingOf(event.change.key, active.preset).group === "mask" && { teacherTime: undefined }),
      };
    case "cost":
      return { cost: event.cost };
    case "timed":
      return { teacherTime: event.time };
    case "failed":
      return { failure: event };
    default:
      return {};
  }
}

function started({ settings, dataset, teacher, step, changes }: Extract<Event, { type: "started" }>, history: History): Partial<State> {
  // A resumed run comes with its own history.
  const fresh = step === 0 || history.total !== settings.steps || history.points.at(-1)?.step !== step;
  return {
    ...{ active: settings, dataset, teacher: teacher?.name ?? null, step, changes, failure: undefined, frequency: undefined },
    ...{
      erasure: undefined,
      errors: undefined,
      measuring: undefined,
      teacherTime: undefined,
      hover: undefined,
      pinned: undefined,
      undo: [],
      version: 0,
      untrained: undefined,
    },
    ...(fresh && { history: new History(settings.steps) }),
  };
}

/** Norms as shares of their sum. */
function shares(norms: Record<string, number>): Record<string, number> {
  const sum = Object.values(norms).reduce((a, b) => a + b, 0);
  return Object.fromEntries(Object.entries(norms).map(([name, norm]) => [name, sum > 0 ? norm / sum : 0]));
}

/** What a step costs. Letting the teacher choose its own patches takes a full pass on top. */
export function price(
  { macs, fullMacs, bufferBytes }: Cost,
  { criterion, batch }: Settings,
  time: TeacherTime | undefined,
): Record<string, number> {
  const extra = criterion === "teacher" && macs < fullMacs ? fullMacs : 0;
  const computed = { macs: (macs + extra) * batch, fullMacs: fullMacs * batch, memory: bufferBytes };
  return time ? { ...computed, teacherMs: time.ms, teacherFullMs: time.fullMs } : computed;
}

/** The step shown: that under the pointer, the chosen one, or undefined for the newest. */
export const shownStep = ({ hover, pinned }: State): number | undefined => hover ?? pinned;

/** Whether a run is past its first step. */
export const begun = ({ step }: State): boolean => step > 0;

/** The method the page is about: that of the run, or before it begins the chosen one. */
export const presetOf = (state: State): Preset => (begun(state) && state.active ? state.active : state.wanted).preset;

export const busy = ({ phase }: State): boolean => phase === "running" || phase === "compiling";

/** Whether a run is at its planned end, or was stopped. */
export const finished = ({ active, step, phase }: State): boolean =>
  active !== undefined && (phase === "finished" || (step >= active.steps && phase === "paused"));

/** Settings that differ from the run and act only with a new one. */
export const waiting = ({ active, wanted }: State): Key[] =>
  active
    ? (Object.keys(settingsOf(wanted.preset)) as Key[]).filter(
        (key) => settingsOf(wanted.preset)[key].when === "next" && active[key] !== wanted[key],
      )
    : [];
