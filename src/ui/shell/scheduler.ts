/** When the page does its work: first what is seen first, then the rest piece by piece, so that the page stays responsive. */
import { startTransition, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";

/** A hidden page is never painted, so it waits no longer than this. */
const UNPAINTED_MS = 500;

/** Resolves when what is there now has been painted. */
export function painted(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, UNPAINTED_MS);
  });
}

/** False until the page has been painted once. */
export function usePainted(): boolean {
  const [is, set] = useState(false);
  useEffect(() => void painted().then(() => startTransition(() => set(true))), []);
  return is;
}

const queue: (() => void)[] = [];

/** Does a piece of work after those that are queued already. */
function inTurn(work: () => void): void {
  queue.push(work);
  if (queue.length === 1) setTimeout(next);
}

function next(): void {
  queue[0]();
  queue.shift();
  if (queue.length) setTimeout(next);
}

/** The result of `make`; made and drawn again, when its turn comes, after `of` or `version` has changed. */
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
