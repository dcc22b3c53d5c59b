/** When the page works: what is first seen first, the rest in turns, each in a task of its own, so that the page answers in between. */
import { startTransition, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";

/** A hidden page paints nothing; it waits no longer than this. */
const UNPAINTED_MS = 500;

/** Resolves when what is there now has been painted. */
export function painted(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, UNPAINTED_MS);
  });
}

/** False at first, true once the page has been painted without what waits for it. */
export function usePainted(): boolean {
  const [is, set] = useState(false);
  useEffect(() => void painted().then(() => startTransition(() => set(true))), []);
  return is;
}

const queue: (() => void)[] = [];

/** Does the work after what is queued already. */
function inTurn(work: () => void): void {
  queue.push(work);
  if (queue.length === 1) setTimeout(next);
}

function next(): void {
  queue[0]();
  queue.shift();
  if (queue.length) setTimeout(next);
}

/** What `make` gives of a thing, made and drawn again in turn when there is another or it has a new version. */
export function useInTurn<T>(make: () => T, of: object, version: number): T {
  const [made, setMade] = useState(make);
  const newest = useRef(make);
  const queued = useRef(false);
  newest.current = make;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is made depends on them
  useEffect(() => {
    if (queued.current) return;
    queued.current = true;
    inTurn(() => {
      queued.current = false;
      flushSync(() => setMade(newest.current));
    });
  }, [of, version]);
  return made;
}
