/** Tabs of one browser: which of them has a kept run open. One alone writes to it; the others watch, or make a run of their own. */

/** Names that one tab at a time can hold; a browser frees those of a tab that ends. */
export interface Tabs {
  /** Takes a name; resolves with what gives it back, or with nothing when another tab has it. */
  claim(name: string): Promise<(() => void) | undefined>;
  /** Resolves when nobody has the name. Rejects when it is given up. */
  freed(name: string, signal: AbortSignal): Promise<void>;
  /** The names that are held, here or elsewhere. */
  held(): Promise<string[]>;
}

/** Web Locks. Where a browser has none, every tab gets what it asks for. */
export const browserTabs: Tabs = {
  claim: (name) =>
    new Promise((resolve, reject) => {
      if (!navigator.locks) return resolve(() => undefined);
      const hold = (lock: Lock | null) => (lock ? new Promise<void>((free) => resolve(free)) : resolve(undefined));
      navigator.locks.request(name, { ifAvailable: true }, hold).catch(reject);
    }),
  freed: async (name, signal) => navigator.locks?.request(name, { signal }, () => undefined),
  held: async () => (await navigator.locks?.query())?.held?.flatMap(({ name }) => name ?? []) ?? [],
};

const PREFIX = "kept run ";

/** The kept run that this tab has open; while another one is being opened, both. */
export class Owner {
  private readonly mine = new Map<string, () => void>();

  constructor(private readonly tabs: Tabs) {}

  /** Makes a run this tab's own; false when another tab has it. */
  async take(id: string): Promise<boolean> {
    if (this.mine.has(id)) return true;
    const giveBack = await this.tabs.claim(PREFIX + id);
    if (giveBack) this.mine.set(id, giveBack);
    // Meanwhile it may have been taken here.
    return this.mine.has(id);
  }

  /** Lets go of all but these. */
  keepOnly(...ids: (string | undefined)[]): void {
    for (const [id, giveBack] of [...this.mine].filter(([id]) => !ids.includes(id))) {
      this.mine.delete(id);
      giveBack();
    }
  }

  /** The runs that other tabs have open. */
  async elsewhere(): Promise<string[]> {
    const ids = (await this.tabs.held()).filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
    return ids.filter((id) => !this.mine.has(id));
  }

  /** Resolves when no tab has the run open any more; rejects when waiting is given up. */
  freed(id: string, signal: AbortSignal): Promise<void> {
    return this.tabs.freed(PREFIX + id, signal);
  }
}
