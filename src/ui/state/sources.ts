/** What the next run learns from, as the page shows it: data, teacher, and what is being done about them. */
import { create } from "zustand";
import type { Reference } from "../../tasks/task";
import type { DataFacts, Event, TeachingReport } from "../../worker/protocol";

export interface Refusal {
  message: string;
  remedy: string;
  /** With images of so many pixels it would work. */
  side?: number;
}

type RefusedAt = Extract<Event, { type: "refused" }>["at"];

export interface SupplyState {
  loaded?: Omit<Extract<Event, { type: "loaded" }>, "type" | "read">;
  /** What the run under way learns from. */
  run?: { dataset: Reference; teacher?: Reference };
  /** A data set in the making; `share` is absent while nobody knows it. */
  reading?: { what: string; share?: number };
  teaching?: TeachingReport;
  /** Whether a saved run is on its way, and what it waits for. */
  restoring: boolean;
  missing?: { what: "data" | "teacher" | "guide"; wanted: Reference };
  /** The data set kept on this device. */
  keptData?: DataFacts;
  refusals: Partial<Record<RefusedAt, Refusal>>;
}

export const useSupply = create<SupplyState>()(() => ({ refusals: {}, restoring: false }));
export const { getState: getSupply, setState: setSupply } = useSupply;

/** Folds a worker's event in. */
export function receiveSupply(event: Event): void {
  setSupply(fold(event, getSupply()));
}

function fold(event: Event, { refusals }: SupplyState): Partial<SupplyState> {
  switch (event.type) {
    case "loaded":
      return {
        loaded: { data: event.data, teacher: event.teacher, guide: event.guide },
        refusals: {},
        ...(event.read && { reading: undefined }),
      };
    case "started":
      return { run: { dataset: event.dataset, teacher: event.teacher }, ...(event.restored && { missing: undefined, restoring: false }) };
    case "teaching":
      return { teaching: event.report ?? undefined };
    case "failed":
      return { restoring: false, missing: undefined };
    case "missing":
      return { missing: { what: event.what, wanted: event.wanted } };
    case "keptData":
      return { keptData: event.facts ?? undefined };
    case "refused":
      return {
        refusals: { ...refusals, [event.at]: { message: event.message, remedy: event.remedy, side: event.side } },
        // What is still going on says so again in a moment.
        ...{ teacher: { teaching: undefined }, data: { reading: undefined }, errors: {} }[event.at],
      };
    default:
      return {};
  }
}

export function refuse(at: RefusedAt, refusal?: Refusal): void {
  setSupply(({ refusals }) => ({ refusals: { ...refusals, [at]: refusal } }));
}

/** Whether the images are the visitor's own. */
export const isOwn = ({ id }: Pick<DataFacts, "id">): boolean => !id.startsWith("scenes-");

/** Whether what is loaded is not what the run under way learns from; `alone` is a student without a teacher. */
export function isStale({ loaded, run }: SupplyState, alone: boolean): boolean {
  if (!loaded || !run) return false;
  return loaded.data.id !== run.dataset.id || (alone ? undefined : loaded.teacher?.id) !== run.teacher?.id;
}
