/** The runs that this browser keeps, and what can be done with them. */
import { EngineError } from "../../engine/errors";
import { SCHEMA } from "../../tasks";
import type { Context } from "./context";
import { looksOf } from "./looks";
import { isSame, type Run, runOf } from "./runs";
import type { State } from "./store";

/** The number rises when the shape of what is kept changes. */
export const SAVED_RUNS = "runs-1";
/** Curves that are drawn beside the current one at first; more can be chosen. */
const BESIDE = 3;

interface Saved {
  runs: Run[];
  baseline?: number;
}

export class SavedRuns {
  constructor(private readonly context: Context) {}

  /** Reads the kept runs, when the page opens and after another tab has changed them. */
  async load(): Promise<void> {
    this.context.store.setState(savedIn(await this.context.storage.recall<Saved>(SAVED_RUNS)) ?? { runs: [], baseline: undefined });
  }

  rename(id: number, name: string): void {
    this.alter(id, { name });
  }

  show(id: number, shown: boolean): void {
    this.alter(id, { shown });
  }

  /** Makes a run the baseline, or, if it is the baseline, no longer. */
  pin(id: number): void {
    this.change(({ runs, baseline }) => ({ runs, baseline: baseline === id ? undefined : id }));
  }

  delete(id: number): void {
    this.change(({ runs, baseline }) => ({
      runs: runs.filter((run) => run.id !== id),
      baseline: baseline === id ? undefined : baseline,
    }));
  }

  /** Keeps the run that has just ended, and the one that went with it. */
  keep(): void {
    const state = this.context.store.getState();
    this.keepOne(state);
    if (state.beside) this.keepOne(state.beside.getState());
  }

  private keepOne(state: State): void {
    const fresh = runOf(state);
    if (!fresh) return;
    const looks = looksOf(state);
    this.change(({ runs, baseline }) => ({ runs: withFewLooks(withRun(runs, { ...fresh, looks })), baseline }));
  }

  /** Adds runs that were made elsewhere, from a log or a sweep's rows. What is wrong with the file is said where failures are. */
  async openLog(file: File): Promise<void> {
    try {
      const { runsIn } = await import("./logs");
      const read = await runsIn(await file.text(), file.name);
      this.change(({ runs, baseline }) => ({ runs: read.reduce(addedOnce, runs), baseline }));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.context.store.setState({ failure: { message: error.what, remedy: error.remedy, fatal: false } });
    }
  }

  /** Notes with the kept run what its errors cost, once that has been measured. */
  keepErrors(): void {
    const state = this.context.store.getState();
    const now = runOf(state);
    const kept = now?.errors && state.runs.find((run) => isSame(run, now));
    if (kept) this.alter(kept.id, { errors: now?.errors });
  }

  private alter(id: number, part: Partial<Run>): void {
    this.change(({ runs, baseline }) => ({ runs: runs.map((run) => (run.id === id ? { ...run, ...part } : run)), baseline }));
  }

  /** Changes the runs at once as they are seen here, and then as they are in storage, where another tab may have added some. */
  private change(edit: (saved: Saved) => Saved): void {
    const { storage, store } = this.context;
    const { runs, baseline } = store.getState();
    store.setState(edit({ runs, baseline }));
    const change = (stored?: Saved) => edit(savedIn(stored) ?? { runs, baseline });
    void storage.alter(SAVED_RUNS, change).then((after) => after && store.setState(after));
  }
}

/** With one more run, as the last. One of the same settings and seed was the same run: it is replaced. */
function withRun(runs: Run[], fresh: Run): Run[] {
  const same = runs.find((run) => isSame(run, fresh));
  // The run under way has no name of its own yet.
  if (!same) return added(runs, { ...fresh, name: undefined });
  const run: Run = { errors: same.errors, ...fresh, ...{ id: same.id, name: same.name, colour: same.colour } };
  return [...withFewShown(runs.filter(({ id }) => id !== run.id)), run];
}

/** With one more run, as the last, under the next number; it is called by that unless it has a name. */
function added(runs: Run[], run: Omit<Run, "id" | "colour" | "name"> & { name?: string }): Run[] {
  const id = 1 + Math.max(0, ...runs.map((other) => other.id));
  return [...withFewShown(runs), { ...run, name: run.name ?? `Run ${id}`, id, colour: id - 1 }];
}

/** Maps take room, so only the newest runs keep theirs. */
function withFewLooks(runs: Run[]): Run[] {
  return runs.map((run, i) => (run.looks && i < runs.length - WITH_LOOKS ? { ...run, looks: undefined } : run));
}

const WITH_LOOKS = 10;

/** The same, unless the run is there already. */
const addedOnce = (runs: Run[], run: Omit<Run, "id" | "colour">): Run[] =>
  runs.some((other) => isSame(other, { ...run, id: 0, colour: 0 })) ? runs : added(runs, run);

/** What is stored, without runs that are not as they were written; undefined where there is nothing of the kind. */
function savedIn(stored: Partial<Saved> | null | undefined): Saved | undefined {
  if (!Array.isArray(stored?.runs)) return undefined;
  return { runs: stored.runs.filter(isRun).map(revived), baseline: stored.baseline };
}

function isRun(run: Partial<Run> | null): run is Run {
  const lists = [run?.changes, run?.points, run?.evaluations].every((list) => Array.isArray(list));
  return (
    lists && run!.evaluations!.length > 0 && typeof run!.id === "number" && typeof run!.settings === "object" && run!.settings !== null
  );
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
