/** When the next snapshot is due: pictures are refreshed at most so often, and mostly take no more than a share of the time. */
const EVERY_MS = 700;
const SHARE = 0.1;
/** On a slow adapter snapshots take more of the time than that, so that one comes every few seconds all the same. */
const LONGEST_MS = 8000;

export class Pace {
  private nextAt = 0;
  private taken = false;

  get due(): boolean {
    return performance.now() >= this.nextAt;
  }

  /** Does the work, and lets its time count; that of the first, which compiles kernels, says nothing of the others. */
  async taking<T>(work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    const result = await work();
    const now = performance.now();
    const took = now - from;
    this.nextAt = now + (this.taken ? Math.max(EVERY_MS, Math.min(took / SHARE, LONGEST_MS + took)) : EVERY_MS);
    this.taken = true;
    return result;
  }
}
