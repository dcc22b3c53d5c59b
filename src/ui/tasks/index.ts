/** Each task's half of the page, by the name of the task. To add one: its folder, a line here and one in `parts.tsx`. */

import { taskOf } from "../../tasks";
import type { Lesson } from "../lessons/lesson";
import { begun, presetOf } from "../state/selectors";
import type { State } from "../state/store";
import { AUDIO_PAGE } from "./audio/page";
import { CLASSIFICATION_PAGE } from "./classification/page";
import { DETECTION_PAGE } from "./detection/page";
import { DINO_PAGE } from "./dino/page";
import { MIM_PAGE } from "./mim/page";
import type { TaskPage } from "./page";
import { SEGMENTATION_PAGE } from "./segmentation/page";
import { YOLOS_PAGE } from "./yolos/page";

export const PAGES: Readonly<Record<string, TaskPage>> = {
  classification: CLASSIFICATION_PAGE,
  detection: DETECTION_PAGE,
  segmentation: SEGMENTATION_PAGE,
  dino: DINO_PAGE,
  audio: AUDIO_PAGE,
  yolos: YOLOS_PAGE,
  mim: MIM_PAGE,
};

/** The page's half of the task that a preset belongs to. */
export const pageOf = (preset: string): TaskPage => PAGES[taskOf(preset).name];

/** A lesson by its name; undefined where no task has it. */
export async function lessonOf(name: string): Promise<Lesson | undefined> {
  return Object.values(PAGES)
    .map(({ lessons }) => lessons?.[name])
    .find(Boolean)?.();
}

/** The lesson on the method the page is about, where there is one and no run would be lost by opening it. */
export function lessonFor(state: State): string | undefined {
  const name = presetOf(state);
  const free = state.lesson === undefined && (state.watching !== undefined || !begun(state));
  return free && name in (pageOf(name).lessons ?? {}) ? name : undefined;
}
