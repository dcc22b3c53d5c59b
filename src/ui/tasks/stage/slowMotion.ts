/** Slow motion: the parts of a step, one after the other. */
import { useEffect, useState } from "react";
import { run } from "../../state/app";

/** How long each part is lit. */
const PART_MS = 2600;

/** Lights one of the parts, by name, that was picked, or each in turn; after the last one a step is made. */
export function useSlowMotion(parts: readonly string[], part: string | undefined, setPart: (part: string | undefined) => void) {
  const [slow, setSlow] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: setPart is another function each time, and does the same
  useEffect(() => {
    if (!slow) return;
    const next = setTimeout(() => {
      const after = part === undefined ? undefined : parts[parts.indexOf(part) + 1];
      if (part !== undefined && !after) run.stepByKey();
      setPart(after ?? parts[0]);
    }, PART_MS);
    return () => clearTimeout(next);
  }, [part, slow]);
  const show = (one: string | undefined) => {
    setSlow(false);
    setPart(one);
  };
  useEffect(() => {
    const onKey = ({ key, target, altKey, ctrlKey, metaKey }: KeyboardEvent) => {
      if (altKey || ctrlKey || metaKey || (target as HTMLElement).closest("input, select, textarea, dialog")) return;
      if (parts[Number(key) - 1]) show(parts[Number(key) - 1]);
      if (key === "Escape") show(undefined);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  const toggle = () => {
    setPart(slow ? undefined : parts[0]);
    setSlow(!slow);
    if (!slow) run.pause();
  };
  return { slow, show, toggle };
}
