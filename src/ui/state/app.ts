/** The playground of this page, in a browser. Components take from here what they show and what they can do. */
import { eraseFiles, fetchOwn } from "../../worker/files";
import { browserStore } from "../../worker/storage";
import { download } from "./download";
import { Playground } from "./playground";
import { browserRoom } from "./room";
import type { Sources } from "./sources";
import type { State } from "./store";
import { browserTabs } from "./tabs";
import { address } from "./url";

export const playground = new Playground({
  worker: () => new Worker(new URL("../../worker/worker.ts", import.meta.url), { type: "module" }),
  reader: () => new Worker(new URL("../../worker/reader.ts", import.meta.url), { type: "module" }),
  storage: browserStore,
  room: browserRoom,
  tabs: browserTabs,
  eraseFiles,
  address,
  base: document.baseURI,
  async fetch(file) {
    return (await fetchOwn(new URL(file, document.baseURI).href))?.blob();
  },
  download,
});

export const { data, experiments, keeper, run, savedRuns, settings, sources, store, teachers } = playground;

/** What a component shows of runs, and of what they learn from. */
export const useStore = store;
export const useSources = sources;
export type { Sources, State };

/** What a visitor wants to see of a task's pictures, and how to want something else. */
export function usePick<T>(task: string, initial: T): [T, (part: Partial<T>) => void] {
  // Others, such as a lesson, may have wanted a part of it.
  const pick = { ...initial, ...useStore(({ picks }) => picks[task] as Partial<T> | undefined) };
  return [pick, (part) => store.setState(({ picks }) => ({ picks: { ...picks, [task]: { ...pick, ...part } } }))];
}

document.addEventListener("visibilitychange", () => (document.hidden ? keeper.autosave() : void keeper.list.offer()));
addEventListener("pagehide", () => keeper.leave());
