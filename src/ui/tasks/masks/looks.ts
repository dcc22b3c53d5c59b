/** What a task that masks the pictures it names has in the page's state, as its monitor shows it. */
import type { ClassificationViews, Gallery, Snapshot } from "../../../tasks/classification/views";
import type { Frequency } from "../../../tasks/frequency";
import { cellsOf } from "../../draw/grid";
import type { Moment } from "../../state/history";
import type { State } from "../../state/store";
import { momentsOf, shownView, viewOf } from "../../state/views";
import { watchedRates } from "./statistics";

export interface Looks {
  galleryOf(state: State): Gallery;
  /** Patches of a picture. */
  patchCount(state: State): number;
  frequencyOf(state: State): Frequency | undefined;
  /** How often each patch of the gallery's pictures was kept, picture after picture; undefined before that was counted. */
  keptOf(state: State): number[] | undefined;
  untrainedOf(state: State): Snapshot | undefined;
  /** Predictions of student and teacher at the step shown, and all steps of which there are pictures. */
  snapshotOf(state: State): Snapshot | undefined;
  snapshotsOf(state: State): readonly Moment[];
}

/** Those of a task; `paint` makes the gallery that is shown before there is a worker. */
export function looksAt(task: string, paint: () => Gallery): Looks {
  let first: Gallery | undefined;
  let later: { all: readonly Moment[]; since: number; some: readonly Moment[] } | undefined;
  const galleryOf: Looks["galleryOf"] = (state) => {
    first ??= paint();
    return viewOf<ClassificationViews, "gallery">(state, task, "gallery") ?? first;
  };
  const frequencyOf: Looks["frequencyOf"] = (state) => viewOf<ClassificationViews, "frequency">(state, task, "frequency");
  return {
    galleryOf,
    frequencyOf,
    patchCount: (state) => cellsOf(galleryOf(state).grid),
    keptOf(state) {
      const frequency = frequencyOf(state);
      const { labels, grid } = galleryOf(state);
      const counted = frequency && watchedRates(frequency, labels.length, cellsOf(grid));
      return counted && Array.from(counted.rates, (rate) => Number(rate.toFixed(3)));
    },
    untrainedOf: (state) => viewOf<ClassificationViews, "untrained">(state, task, "untrained"),
    snapshotOf(state) {
      const shown = shownView<ClassificationViews, "snapshot">(state, task, "snapshot");
      const { since = 0 } = galleryOf(state);
      return shown && shown.step >= since ? shown : undefined;
    },
    snapshotsOf(state) {
      const { since } = galleryOf(state);
      const all = momentsOf(state, task, "snapshot");
      if (since === undefined) return all;
      // The same list as long as nothing has changed: whoever draws it asks all the time.
      if (later?.all !== all || later.since !== since) later = { all, since, some: all.filter(({ step }) => step >= since) };
      return later.some;
    },
  };
}
