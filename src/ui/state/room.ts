/** How much of the disk this page's origin may use, and whether the browser may clear it by itself. */
export interface Room {
  /** Bytes in use and at most; undefined where the browser does not tell. */
  measure(): Promise<{ used: number; most: number } | undefined>;
  /** Asks the browser never to clear what is kept here by itself; some ask the visitor. */
  persist(): Promise<void>;
}

export const browserRoom: Room = {
  async measure() {
    const told = await navigator.storage?.estimate?.().catch(() => undefined);
    return told?.usage === undefined || !told.quota ? undefined : { used: told.usage, most: told.quota };
  },
  async persist() {
    if (await navigator.storage?.persisted?.().catch(() => true)) return;
    await navigator.storage?.persist?.().catch(() => false);
  },
};
