/** What a run came to. */
import { pageOf } from "../tasks";
import type { Run } from "./runs";

/** The score that counts, on so many held-out images, and half its 95 % interval where that is known. */
export interface Score {
  value: number;
  count: number;
  margin?: number;
}

/** The last test's first score. */
export function scoreOf({ evaluations, settings }: Pick<Run, "evaluations" | "settings">): Score {
  const { scores, count } = evaluations[evaluations.length - 1];
  const [value] = Object.values(scores);
  return { value, count, margin: pageOf(settings.preset).margin?.(value, count) };
}
