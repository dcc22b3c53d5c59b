/** Measures what errors cost a run's student and teacher, batch by batch between whatever else uses the GPU. */

import type { Alone } from "../tasks/task";
import type { Session } from "../train/session";
import type { Event } from "./protocol";

export class ErrorAnalysis {
  private underWay?: AbortController;

  constructor(
    private readonly alone: Alone,
    private readonly post: (event: Event) => void,
  ) {}

  /** Ends what is under way, if anything; nothing comes of it. */
  end(): void {
    this.underWay?.abort();
  }

  /** Measures the student as it is now. Another measurement makes way. */
  async measure(session: Session): Promise<void> {
    const { task } = session;
    if (!task.errors) return;
    this.end();
    const mine = new AbortController();
    this.underWay = mine;
    const { signal } = mine;
    const tell = (share: number | null) => this.post({ type: "measuring", share });
    const progress = (share: number) => void (signal.aborted || tell(share));
    tell(0);
    try {
      const [step, weights] = await this.alone(async () => [session.step, await task.weights()] as const);
      const errors = await task.errors(weights, { alone: this.alone, signal, progress });
      signal.throwIfAborted();
      this.post({ type: "errors", errors: { step, ...errors } });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      if (this.underWay === mine) tell(null);
    }
  }
}
