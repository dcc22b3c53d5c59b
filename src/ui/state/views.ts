/** The data of a task's pictures, as its monitor named them. `V` are the task's views by name. */
import { at, type Moment } from "./history";
import { shownStep } from "./selectors";
import type { State } from "./store";

/** The newest of a view. */
export function viewOf<V, N extends keyof V & string>(state: State, task: string, name: N): V[N] | undefined {
  return state.views[task]?.[name] as V[N] | undefined;
}

/** A view as it was at the step shown, of those that the run keeps. */
export function shownView<V, N extends keyof V & string>(state: State, task: string, name: N): V[N] | undefined {
  return at(momentsOf(state, task, name), shownStep(state))?.value as V[N] | undefined;
}

/** What the run has kept of a view, oldest first: where a time cursor can go. */
export const momentsOf = ({ history }: State, task: string, name: string): readonly Moment[] => history.moments(task, name);
