/**
 * Steps on their way. A fast GPU has finished a step long before the browser says so (Firefox looks every 100 ms), so several steps are
 * queued and their losses told late. Where the GPU itself takes the time, more in flight would only delay what a person changes: so both are
 * tried, and the deeper queue stays only where steps become faster by it. What is computed is the same, to the bit.
 */
import type { Session, StepReport } from "./session";

/** Steps in flight where it pays; the program's ring of results has one place more. */
export const DEEP = 3;
/** Steps of each trial, after some whose kernels are still being compiled. */
const [IGNORED, TRIED] = [2, 6];
/** The deeper queue stays when a step takes less than this share of the time. */
const WORTH = 0.8;

export class Flight {
  private readonly pending: Promise<StepReport>[] = [];
  private readonly times: number[] = [];
  private depth = 1;
  /** Of a step that failed where nobody could be told yet. */
  private failure?: { error: unknown };

  constructor(
    private readonly session: Session,
    private readonly told: (report: StepReport) => void | Promise<void>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How many steps may be on their way. */
  get deepest(): number {
    return this.depth;
  }

  /** Queues a step, and waits for the oldest when there are as many as there may be; for all when it is the last. */
  async advance(): Promise<void> {
    this.assertWhole();
    const started = this.now();
    const report = this.session.queue();
    const landing = report.then((queued) => queued.landed);
    landing.catch(() => undefined); // it is told when its turn comes
    this.pending.push(landing);
    await report;
    while (this.pending.length >= this.depth || (this.session.finished && this.pending.length > 0)) await this.tell();
    this.learn(this.now() - started);
  }

  /** Waits for all steps that are on their way. */
  async land(): Promise<void> {
    this.assertWhole();
    while (this.pending.length > 0) await this.tell();
  }

  /** The same for who is not the loop, between two steps: resolves with whether all went well. If not, the loop is told with its next step. */
  async landed(): Promise<boolean> {
    await this.land().catch((error) => {
      this.failure = { error };
    });
    return this.failure === undefined;
  }

  private assertWhole(): void {
    if (this.failure) throw this.failure.error;
  }

  private async tell(): Promise<void> {
    await this.told(await (this.pending.shift() as Promise<StepReport>));
  }

  /** From the times of steps: tries the deeper queue after some, and keeps it if it pays. */
  private learn(ms: number): void {
    if (this.times.length >= IGNORED + 2 * TRIED) return;
    this.times.push(ms);
    if (this.times.length === IGNORED + TRIED) this.depth = DEEP;
    if (this.times.length < IGNORED + 2 * TRIED) return;
    const [shallow, deep] = [this.times.slice(IGNORED, IGNORED + TRIED), this.times.slice(IGNORED + TRIED)];
    // The first steps of the deeper queue wait for nobody.
    if (median(deep.slice(DEEP)) >= WORTH * median(shallow)) this.depth = 1;
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
