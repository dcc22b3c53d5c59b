/** Lets the page redraw its curves a few times a second, however many steps are made. */
import type { RunStore } from "./store";

const REDRAW_MS = 400;

export class Redraw {
  private timer?: ReturnType<typeof setTimeout>;
  private newest = 0;

  constructor(private readonly store: RunStore) {}

  /** A step was made: it shows in a moment. */
  step(step: number): void {
    this.newest = step;
    this.timer ??= setTimeout(() => this.flush(), REDRAW_MS);
  }

  /** Shows at once what has yet to be shown. */
  flush(): void {
    if (this.timer === undefined) return;
    this.drop();
    this.store.setState(({ version }) => ({ version: version + 1, step: this.newest }));
  }

  /** Forgets what has yet to be shown: it belongs to an earlier run. */
  drop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
