/** A task and its monitor before the first step, without a session, for tests of what a run shows. */
import { Live } from "../engine/graph";
import { testEngine } from "../ops/check";
import type { Settings } from "../settings/run";
import type { TaskRuntime } from "./definition";
import type { Sources, Task, ViewEvent } from "./task";

/** `last` gives what was shown last of a view. */
export async function watched<D, N, T extends Task>(
  runtime: Pick<TaskRuntime<D, N, T>, "create" | "monitor">,
  sources: Sources<D, N>,
  settings: Settings,
) {
  const live = Object.fromEntries(Object.entries({ ...settings, step: 0 }).map(([key, value]) => [key, new Live(Number(value))]));
  const task = runtime.create(await testEngine(), sources, settings, live);
  const shown: ViewEvent[] = [];
  const show = (view: ViewEvent) => void shown.push(view);
  const monitor = runtime.monitor({ task, dataset: sources.dataset, settings, extras: new Map(), step: () => 0, show });
  const last = <V>(name: string) => shown.findLast((view) => view.name === name)!.value as V;
  return { task, monitor, last };
}
