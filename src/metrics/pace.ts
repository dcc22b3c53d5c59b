/** Long work on a thread that has other things to do. */

/** Milliseconds of work before others have their turn. */
const TURN_MS = 12;

/** A function to await between pieces of work: it reports the share done and, when others have waited long enough, lets them. */
export function pace(progress?: (share: number) => void): (share: number) => Promise<void> {
  let since = performance.now();
  return async (share) => {
    if (performance.now() - since < TURN_MS) return;
    progress?.(share);
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  };
}
