/** What a chart or a picture that leaves the page is of. */
import { SCHEMA } from "../../tasks";
import { isSame, type Run, runOf, whatItWas } from "../state/runs";
import type { State } from "../state/store";

/** What is said under a drawing, for people; and the same for programs, such as a query of settings. */
export interface Caption {
  caption: string;
  about: string;
}

/** What the run under way is called and what it is, in words and as a query. */
export function captionNow(state: State): Caption {
  const { active: settings, teacher, runs } = state;
  if (!settings) return { caption: "", about: "" };
  const now = runOf(state);
  const name = now && runs.find((run) => isSame(run, now))?.name;
  return captionOf({ ...state, name, settings, teacher: teacher ?? undefined });
}

/** The same of a run. */
export function captionOf(run: Pick<Run, "settings" | "changes" | "dataset" | "teacher" | "step"> & { name?: string }): Caption {
  const { name, settings, dataset, teacher, step } = run;
  const facts = [dataset?.name, teacher ? `teacher ${teacher}` : "no teacher", `seed ${settings.seed}`, `step ${step}`];
  return { caption: [name, whatItWas(run), ...facts].filter(Boolean).join("; "), about: SCHEMA.toQuery(settings) };
}
