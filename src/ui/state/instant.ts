/**
 * When something was, by both clocks of the browser. That of the day can be set, also backwards; the other one stands still on some systems
 * while the machine sleeps.
 */
export interface Instant {
  /** Milliseconds since 1970, and since the page was opened. */
  day: number;
  page: number;
}

export const now = (): Instant => ({ day: Date.now(), page: performance.now() });

/** Milliseconds since then, never below 0: by the clock that has gone further, since one that was set back or stood still says too little. */
export const since = ({ day, page }: Instant): number => Math.max(0, Date.now() - day, performance.now() - page);
