/** Slow motion: the parts of a step, one after the other. */
import { useEffect, useState } from "react";
import { run } from "../../state/app";
import { PARTS, type Part } from "./stageFacts";

/** How long each part is lit. */
const PART_MS = 2600;

/** Lights one part that was picked, or each in turn; after the last one a step is made. */
export function useSlowMotion(part: Part | undefined, setPart: (part: Part | undefined) => void) {
  const [slow, setSlow] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: setPart is another function each time, and does the same
  useEffect(() => {
    if (!slow) return;
    const next = setTimeout(() => {
      const after = PARTS[PARTS.indexOf(part ?? "learn") + 1];
      if (!after) run.stepByKey();
      setPart(after ?? "look");
    }, PART_MS);
    return () => clearTimeout(next);
  }, [part, slow]);
  const show = (one: Part | undefined) => {
    setSlow(false);
    setPart(one);
  };
  useEffect(() => {
    const onKey = ({ key, target, altKey, ctrlKey, metaKey }: KeyboardEvent) => {
      if (altKey || ctrlKey || metaKey || (target as HTMLElement).closest("input, select, textarea, dialog")) return;
      if (PARTS[Number(key) - 1]) show(PARTS[Number(key) - 1]);
      if (key === "Escape") show(undefined);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  const toggle = () => {
    setPart(slow ? undefined : "look");
    setSlow(!slow);
    if (!slow) run.pause();
  };
  return { slow, show, toggle };
}
