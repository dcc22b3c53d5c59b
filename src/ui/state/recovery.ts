/** After a lost GPU: a new worker with a new device, and the run back from where it was last kept. */
import type { Event } from "../../worker/protocol";
import type { Context } from "./context";
import { type Instant, now, since } from "./instant";
import type { RunKeeper } from "./keeper";
import { begun, busy } from "./selectors";

const MINUTE_MS = 60_000;
/** So many losses within a minute are not worth another try. */
const TOO_MANY = 3;

export class Recovery {
  private losses: Instant[] = [];
  /** Whether the run was playing that is being brought back, until it makes a step: the GPU may be lost again meanwhile. */
  private plays = false;

  constructor(
    private readonly context: Context,
    private readonly keeper: RunKeeper,
    private readonly reconnect: () => void,
  ) {}

  /** After a failure has entered the store, and before the phase that follows it: what the run was doing still stands there. */
  receive(event: Event): void {
    if (event.type === "step") this.plays = false;
    const state = this.context.store.getState();
    if (event.type !== "failed" || !event.fatal || !state.adapter || !begun(state)) return;
    const { step, place, kept } = state;
    const last = kept.find(({ id }) => id === place);
    this.losses = [...this.losses.filter((at) => since(at) < MINUTE_MS), now()];
    this.context.store.setState({ notice: this.told(step, last?.step) });
    if (this.losses.length >= TOO_MANY) return;
    this.reconnect();
    const mark = `GPU was reset at step ${step}, continued from ${last?.step}`;
    this.plays ||= busy(state);
    if (last) void this.keeper.resume(place, { play: this.plays, mark });
  }

  private told(step: number, kept?: number): string {
    if (this.losses.length >= TOO_MANY)
      return `The GPU was lost ${TOO_MANY} times within a minute; this page does not open it again by itself.`;
    if (kept === undefined) return `The GPU was reset at step ${step}, before this run was kept: it has to be started again.`;
    return `The GPU was reset at step ${step}; the run goes on from step ${kept}.`;
  }
}
