/** When the next snapshot is due: pictures are refreshed at most so often, and never take more than a share of the time. */
const EVERY_MS = 700;
const SHARE = 0.1;

export class Pace {
  private nextAt = 0;

  get due(): boolean {
    return performance.now() >= this.nextAt;
  }

  /** Does the work, and lets its time count. */
  async taking<T>(work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    const result = await work();
    const now = performance.now();
    this.nextAt = now + Math.max(EVERY_MS, (now - from) / SHARE);
    return result;
  }
}
