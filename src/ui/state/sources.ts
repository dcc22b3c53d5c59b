/** What the next run learns from, as the page shows it: data, teacher, and what is being done about them. */
import { create, type StoreApi, type UseBoundStore } from "zustand";
import type { DataFacts } from "../../tasks/definition";
import type { ImportHints, Reference } from "../../tasks/task";
import type { Event, TeacherTrainingReport } from "../../worker/protocol";

export interface Refusal {
  message: string;
  remedy: string;
  /** With images of so many pixels it would work. */
  side?: number;
  /** Whether it was a network's file that was refused. */
  file?: boolean;
}

export type RefusedAt = Extract<Event, { type: "refused" }>["at"];

export interface Sources {
  loaded?: Omit<Extract<Event, { type: "loaded" }>, "type" | "fresh">;
  /** What the run under way learns from. */
  run?: { dataset: Reference; teacher?: Reference; start?: Reference };
  /** A data set that is being read; `share` is absent while it is unknown. */
  reading?: { what: string; share?: number };
  teacherTraining?: TeacherTrainingReport;
  /** Whether a network's file is being taken in, and what a person said about such files. */
  importing: boolean;
  hints: ImportHints;
  /** Whether a saved run is on its way, and what it waits for. */
  restoring: boolean;
  missing?: Pick<Extract<Event, { type: "missing" }>, "what" | "wanted">;
  /** What the address names of the Hub. It is fetched when a person says so. */
  offered: { data?: string; model?: string };
  /** The data set kept on this device. */
  keptData?: DataFacts;
  refusals: Partial<Record<RefusedAt, Refusal>>;
}

export type SourcesStore = UseBoundStore<StoreApi<Sources>>;

export const createSources = (): SourcesStore =>
  create<Sources>()(() => ({ refusals: {}, restoring: false, importing: false, hints: {}, offered: {} }));

/** Folds a worker's event in. */
export function receiveSource(sources: SourcesStore, event: Event): void {
  sources.setState(fold(event, sources.getState()));
}

function fold(event: Event, { refusals, importing }: Sources): Partial<Sources> {
  switch (event.type) {
    case "loaded":
      return {
        ...{ loaded: { data: event.data, teacher: event.teacher, guide: event.guide, start: event.start }, refusals: {}, importing: false },
        ...(event.fresh && { reading: undefined }),
      };
    case "started":
      return {
        run: { dataset: event.dataset, teacher: event.teacher, start: event.start },
        ...(event.restored && { missing: undefined, restoring: false }),
      };
    case "teacherTraining":
      return { teacherTraining: event.report ?? undefined };
    case "failed":
      return { restoring: false, missing: undefined };
    case "missing":
      return { missing: { what: event.what, wanted: event.wanted } };
    case "keptData":
      return { keptData: event.facts ?? undefined };
    case "refused": {
      const { at, message, remedy, side } = event;
      const file = at === "teacher" && importing;
      return {
        refusals: { ...refusals, [at]: { message, remedy, side, file } },
        // Work that still goes on reports again in a moment.
        ...{ teacher: { teacherTraining: undefined, importing: false }, data: { reading: undefined }, errors: {} }[at],
      };
    }
    default:
      return {};
  }
}

/** Says why a request failed; without a refusal, takes that back. */
export function refuse(sources: SourcesStore, at: RefusedAt, refusal?: Refusal): void {
  sources.setState(({ refusals }) => ({ refusals: { ...refusals, [at]: refusal } }));
}

/** Whether what is loaded is not what the run under way learns from; `alone` is a student without a teacher. */
export function isStale({ loaded, run }: Sources, alone: boolean): boolean {
  if (!loaded || !run) return false;
  if (loaded.start?.id !== run.start?.id) return true;
  return loaded.data.id !== run.dataset.id || (alone ? undefined : loaded.teacher?.id) !== run.teacher?.id;
}
