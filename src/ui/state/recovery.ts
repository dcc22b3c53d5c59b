/** After a lost GPU: a new worker with a new device, and the run back from where it was last kept. */

import type { Event } from "../../worker/protocol";
import { count } from "../format";
import type { Context } from "./context";
import { type Instant, now, since } from "./instant";
import type { RunKeeper } from "./keeper";
import { begun, busy } from "./selectors";
import type { State } from "./store";

const MINUTE_MS = 60_000;
/** So many losses within a minute are not worth another try. */
const TOO_MANY = 3;

/** A run that is being brought back: where it is kept, the step there, and the one at which the GPU was lost. */
interface Coming {
  place: string;
  kept: number;
  lost: number;
}

export class Recovery {
  private losses: Instant[] = [];
  /** Whether the run was playing that is being brought back, until it makes a step: the GPU may be lost again meanwhile. */
  private plays = false;
  /** Until the run is there again: a new GPU may be lost while it is opened, when nothing in the store tells of the run. */
  private coming?: Coming;
  /** How many are on their way from storage. Such a one goes to the newest worker, whichever that is. */
  private fetching = 0;

  constructor(
    private readonly context: Context,
    private readonly keeper: RunKeeper,
    private readonly reconnect: () => void,
  ) {}

  /** After a failure has entered the store, and before the phase that follows it: what the run was doing still stands there. */
  receive(event: Event): void {
    // Another run than the one that is brought back plays when it is told to.
    if (event.type === "step" || (event.type === "started" && !this.coming)) this.plays = false;
    if (event.type === "started") this.coming = undefined;
    if (event.type !== "failed") return;
    const state = this.context.store.getState();
    // What a lost GPU refuses may be told first, as what spoiled the run and paused it.
    this.plays ||= busy(state);
    if (!event.fatal || !state.adapter || !(begun(state) || this.coming)) return;
    const coming = this.coming ?? keptOf(state);
    this.losses = [...this.losses.filter((at) => since(at) < MINUTE_MS), now()];
    this.context.store.setState({ notice: this.told(coming?.lost ?? state.step, coming?.kept) });
    this.coming = undefined;
    if (this.losses.length >= TOO_MANY) return;
    this.reconnect();
    this.coming = coming;
    if (coming && this.fetching === 0) void this.bring(coming);
  }

  private async bring({ place, kept, lost }: Coming): Promise<void> {
    this.fetching++;
    const mark = `GPU was reset at step ${count(lost)}, continued from ${count(kept)}`;
    await this.keeper.resume(place, { play: this.plays, mark }).finally(() => this.fetching--);
  }

  private told(step: number, kept?: number): string {
    if (this.losses.length >= TOO_MANY)
      return `The GPU was lost ${TOO_MANY} times within a minute; this page does not open it again by itself.`;
    if (kept === undefined) return `The GPU was reset at step ${count(step)}, before this run was kept: it has to be started again.`;
    return `The GPU was reset at step ${count(step)}; the run goes on from step ${count(kept)}.`;
  }
}

/** The run under way as it is kept; undefined where it is not yet. */
function keptOf({ step, place, kept }: State): Coming | undefined {
  const last = kept.find(({ id }) => id === place);
  return last && { place: last.id, kept: last.step, lost: step };
}
