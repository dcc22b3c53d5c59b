/** The list of runs that this browser keeps to continue them: what is said of each, who makes room, which other tabs have open. */
import type { Beside } from "../../worker/storage";
import type { Context } from "./context";
import type { History } from "./history";
import type { Owner } from "./tabs";

/** The numbers rise when the shape of what is kept changes. */
export const KEPT_LIST = "kept-runs-1";
export const placeOf = (id: string): string => `kept-run-1-${id}`;
/** Where earlier versions kept their one run. */
const FORMERLY = "run-3";

/** A run as it is kept: the worker's bytes, and what the page saw of it. */
export interface KeptRun {
  bytes: Uint8Array;
  step: number;
  total: number;
  history: History;
  /** The run that goes step for step with it. */
  beside?: Together;
}

type Together = Pick<KeptRun, "bytes" | "step" | "history">;

/** As it lies in storage: browsers refuse values of more than about 127 MB, but not files among them. */
type Stored = AsStored<Omit<KeptRun, "beside">> & { beside?: AsStored<Together> };
type AsStored<T> = Omit<T, "bytes"> & { bytes: Uint8Array | Blob };

/** From so many bytes on they are stored as a file. */
const AS_FILE = 2 ** 25;

const stored = ({ beside, ...run }: KeptRun): Stored => ({
  ...{ ...run, bytes: packed(run.bytes) },
  ...(beside && { beside: { ...beside, bytes: packed(beside.bytes) } }),
});

const packed = (bytes: Uint8Array): Uint8Array | Blob => (bytes.length < AS_FILE ? bytes : new Blob([bytes as BlobPart]));

/** Undefined where its file cannot be read any more. */
async function unpacked(bytes: Uint8Array | Blob): Promise<Uint8Array | undefined> {
  if (!(bytes instanceof Blob)) return bytes;
  const buffer = await bytes.arrayBuffer().catch(() => undefined);
  return buffer && new Uint8Array(buffer);
}

/** What is said of a kept run before it is opened. */
export interface KeptFacts {
  id: string;
  /** How it differs from the defaults, in words of the address. */
  what: string;
  /** What a visitor calls it, instead of that. */
  name?: string;
  /** Whether it stays however many others come. */
  pinned?: boolean;
  step: number;
  total: number;
  /** When it was kept, in milliseconds since 1970, and how many bytes it takes. */
  at: number;
  size: number;
}

/** Of those that are not pinned, older ones make room. */
const MOST = 6;

export class KeptList {
  constructor(
    private readonly context: Context,
    private readonly owner: Owner,
  ) {}

  /** Reads which runs are kept. */
  async offer(): Promise<void> {
    await this.takeFormer();
    await this.show(await this.read());
  }

  /** A kept run; undefined where it is no more. */
  async recall(id: string): Promise<KeptRun | undefined> {
    const run = await this.context.storage.recall<Stored>(placeOf(id));
    if (!run?.bytes || !isSeen(run.history)) return undefined;
    const bytes = await unpacked(run.bytes);
    const beside = run.beside && (await unpacked(run.beside.bytes));
    return bytes && { ...run, bytes, beside: run.beside && beside && { ...run.beside, bytes: beside } };
  }

  rename(id: string, name: string): Promise<boolean> {
    return this.alter((list) => list.map((run) => (run.id === id ? { ...run, name } : run)));
  }

  /** Has a run stay, or, if it is to stay, no longer. */
  pin(id: string): Promise<boolean> {
    return this.alter((list) => list.map((run) => (run.id === id ? { ...run, pinned: !run.pinned } : run)));
  }

  delete(id: string): Promise<boolean> {
    return this.alter((list) => list.filter((run) => run.id !== id));
  }

  /** Keeps a run under its name, with its pin; false where there is no room, and then the one before stays. */
  async keep(facts: KeptFacts, run: KeptRun): Promise<boolean> {
    const elsewhere = await this.owner.elsewhere();
    return this.alter((list, beside) => {
      beside.put(placeOf(facts.id), stored(run));
      const before = list.find(({ id }) => id === facts.id);
      const stays = ({ id, pinned }: KeptFacts) => pinned || elsewhere.includes(id);
      const all = [{ name: before?.name, pinned: before?.pinned, ...facts }, ...list.filter((one) => one !== before)];
      const tooOld = all.filter((one) => !stays(one)).slice(MOST);
      return all.filter((one) => !tooOld.includes(one));
    });
  }

  private async read(): Promise<KeptFacts[]> {
    return factsIn(await this.context.storage.recall<unknown>(KEPT_LIST));
  }

  /** Changes the list as it is now in storage: another tab may have written to it. Runs that fall off it are removed with it. */
  private async alter(edit: (list: KeptFacts[], beside: Beside) => KeptFacts[]): Promise<boolean> {
    const after = await this.context.storage.alter<KeptFacts[]>(KEPT_LIST, (stored, beside) => {
      const before = factsIn(stored);
      const list = edit(before, beside);
      for (const { id } of before) if (!list.some((run) => run.id === id)) beside.delete(placeOf(id));
      return list;
    });
    if (!after) return false;
    await this.show(after);
    return true;
  }

  private async show(kept: KeptFacts[]): Promise<void> {
    const [elsewhere, disk] = await Promise.all([this.owner.elsewhere(), this.context.room.measure()]);
    this.context.store.setState({ kept, elsewhere, disk });
  }

  /** Takes over the run that an earlier version kept. */
  private async takeFormer(): Promise<void> {
    const former = await this.context.storage.recall<KeptRun>(FORMERLY);
    if (!former?.bytes || !isSeen(former.history)) return;
    const { step, total, bytes } = former;
    const what = "kept by an earlier version of this page";
    if (await this.keep({ id: FORMERLY, what, step, total, at: Date.now(), size: bytes.length }, former))
      await this.context.storage.forget(FORMERLY);
  }
}

/** What is said of kept runs, as far as it lies there as it was written: one broken entry must not keep others from being read, or kept. */
function factsIn(stored: unknown): KeptFacts[] {
  const isFacts = (one: Partial<KeptFacts> | null): one is KeptFacts =>
    [one?.id, one?.what].every((word) => typeof word === "string") &&
    [one?.step, one?.total, one?.at, one?.size].every((number) => typeof number === "number");
  return Array.isArray(stored) ? stored.filter(isFacts) : [];
}

const isSeen = (history: Partial<History> | null | undefined): boolean =>
  [history?.points, history?.evaluations].every((list) => Array.isArray(list));
