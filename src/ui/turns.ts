/** Work on the page in turns, each in a task of its own: the page answers in between, however much there is to draw. */
import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";

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
