/** The runs that this browser keeps, and what can be done with them. */
import { keep, recall } from "../../worker/storage";
import { isSame, type Run, runOf } from "./runs";
import { getState, type State, setState } from "./store";

/** Its number rises with the shape of what is kept. */
const SLOT = "runs-1";
/** Curves beside the current one, unless somebody asks for more. */
const BESIDE = 3;

/** Reads the kept runs, once, when the page opens. */
export async function loadRuns(): Promise<void> {
  const kept = await recall<{ runs: Run[]; baseline?: number }>(SLOT);
  if (kept) setState(({ runs }) => ({ runs: [...kept.runs, ...runs], baseline: kept.baseline }));
}

function change(edit: (runs: Run[]) => Run[], baseline = getState().baseline): void {
  const runs = edit(getState().runs);
  setState({ runs, baseline });
  void keep(SLOT, { runs, baseline });
}

const alter = (id: number, part: Partial<Run>) => change((runs) => runs.map((run) => (run.id === id ? { ...run, ...part } : run)));

export const renameRun = (id: number, name: string): void => alter(id, { name });
export const showRun = (id: number, shown: boolean): void => alter(id, { shown });

/** Makes a run the one that others are set against, or, if it is, no longer. */
export function pinRun(id: number): void {
  const { baseline } = getState();
  change((runs) => runs, baseline === id ? undefined : id);
}

export function deleteRun(id: number): void {
  const { baseline } = getState();
  change((runs) => runs.filter((run) => run.id !== id), baseline === id ? undefined : baseline);
}

/** Keeps the run that has just ended. One of the same settings and seed was the same run: it is replaced. */
export function keepRun(state: State): void {
  const fresh = runOf(state);
  if (!fresh) return;
  const same = state.runs.find((run) => isSame(run, fresh));
  const number = 1 + Math.max(0, ...state.runs.map(({ id }) => id));
  const run: Run = same
    ? { errors: same.errors, ...fresh, ...{ id: same.id, name: same.name, colour: same.colour } }
    : { ...fresh, id: number, name: `Run ${number}`, colour: number - 1 };
  change((runs) => [...withFewShown(runs.filter(({ id }) => id !== run.id)), run]);
}

/** Notes with the kept run what its errors cost, once that has been measured. */
export function keepErrors(state: State): void {
  const now = runOf(state);
  const kept = now?.errors && state.runs.find((run) => isSame(run, now));
  if (kept) alter(kept.id, { errors: now?.errors });
}

/** The newest few stay drawn; older ones rest in the list. */
function withFewShown(runs: Run[]): Run[] {
  return runs.map((run, i) => (i < runs.length - BESIDE + 1 ? { ...run, shown: false } : run));
}
