/** The runs that this browser keeps, and what can be done with them. */
import { EngineError } from "../../engine/errors";
import { SCHEMA } from "../../tasks";
import type { Context } from "./context";
import { runFromLog } from "./logs";
import { isSame, type Run, runOf } from "./runs";

/** The number rises when the shape of what is kept changes. */
export const SAVED_RUNS = "runs-1";
/** Curves that are drawn beside the current one at first; more can be chosen. */
const BESIDE = 3;

export class SavedRuns {
  constructor(private readonly context: Context) {}

  /** Reads the kept runs, once, when the page opens. */
  async load(): Promise<void> {
    const kept = await this.context.storage.recall<{ runs: Run[]; baseline?: number }>(SAVED_RUNS);
    if (kept) this.context.store.setState(({ runs }) => ({ runs: [...kept.runs.map(revived), ...runs], baseline: kept.baseline }));
  }

  rename(id: number, name: string): void {
    this.alter(id, { name });
  }

  show(id: number, shown: boolean): void {
    this.alter(id, { shown });
  }

  /** Makes a run the baseline, or, if it is the baseline, no longer. */
  pin(id: number): void {
    this.change((runs) => runs, this.baseline === id ? undefined : id);
  }

  delete(id: number): void {
    this.change((runs) => runs.filter((run) => run.id !== id), this.baseline === id ? undefined : this.baseline);
  }

  /** Keeps the run that has just ended. One of the same settings and seed was the same run: it is replaced. */
  keep(): void {
    const state = this.context.store.getState();
    const fresh = runOf(state);
    if (!fresh) return;
    const same = state.runs.find((run) => isSame(run, fresh));
    const number = this.nextNumber;
    const run: Run = same
      ? { errors: same.errors, ...fresh, ...{ id: same.id, name: same.name, colour: same.colour } }
      : { ...fresh, id: number, name: `Run ${number}`, colour: number - 1 };
    this.change((runs) => [...withFewShown(runs.filter(({ id }) => id !== run.id)), run]);
  }

  /** Adds a run that was made elsewhere, from its log. What is wrong with the file is said where failures are. */
  async openLog(file: File): Promise<void> {
    try {
      const run = runFromLog(await file.text(), file.name);
      const id = this.nextNumber;
      this.change((runs) => [...withFewShown(runs), { ...run, id, colour: id - 1 }]);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.context.store.setState({ failure: { message: error.what, remedy: error.remedy, fatal: false } });
    }
  }

  private get nextNumber(): number {
    return 1 + Math.max(0, ...this.context.store.getState().runs.map(({ id }) => id));
  }

  /** Notes with the kept run what its errors cost, once that has been measured. */
  keepErrors(): void {
    const state = this.context.store.getState();
    const now = runOf(state);
    const kept = now?.errors && state.runs.find((run) => isSame(run, now));
    if (kept) this.alter(kept.id, { errors: now?.errors });
  }

  private get baseline(): number | undefined {
    return this.context.store.getState().baseline;
  }

  private alter(id: number, part: Partial<Run>): void {
    this.change((runs) => runs.map((run) => (run.id === id ? { ...run, ...part } : run)));
  }

  private change(edit: (runs: Run[]) => Run[], baseline = this.baseline): void {
    const runs = edit(this.context.store.getState().runs);
    this.context.store.setState({ runs, baseline });
    void this.context.storage.keep(SAVED_RUNS, { runs, baseline });
  }
}

/** A run as it was kept, perhaps by an earlier version with other names for its settings. */
function revived(run: Run): Run {
  const pairs = Object.entries(run.settings).map(([key, value]): [string, string] => [key, String(value)]);
  const { settings } = SCHEMA.fromPairs(pairs);
  const changes = run.changes.map((change) => ({ ...change, key: SCHEMA.keysFor(change.key, settings.preset)[0] ?? change.key }));
  return { ...run, settings, changes };
}

/** Only the curves of the newest few stay drawn. */
function withFewShown(runs: Run[]): Run[] {
  return runs.map((run, i) => (i < runs.length - BESIDE + 1 ? { ...run, shown: false } : run));
}
