/** The step that the stage shows: the settings that it was made by, and what it lost. */
import { useMemo } from "react";
import { useShallow } from "zustand/shallow";
import { short } from "../../format";
import { useStore } from "../../state/app";
import { settingsAt, weightsOf } from "../../state/contributions";
import { at, type Numbers } from "../../state/history";
import { presetOf, shownStep } from "../../state/selectors";
import { pageOf } from "..";
import type { LossTerm } from "./Losses";

/** Before the first step there are no losses. */
export function useStep() {
  const run = useStore(useShallow(({ active, wanted, changes, teacher }) => ({ active, wanted, changes, teacher })));
  const point = useStore((state) => at(state.history.points, shownStep(state)));
  const { curves } = pageOf(useStore(presetOf));
  return useMemo(() => {
    const settings = settingsAt(run, point?.step);
    const losses: Numbers = point?.losses ?? {};
    const weights = weightsOf(losses, settings, run.teacher !== null);
    const terms = Object.entries(losses).map(([term, value]): LossTerm => {
      const { label, colour } = curves[term] ?? { label: term, colour: "var(--muted)" };
      const name = weights[term] === 1 ? label : `${label} × ${short(weights[term])}`;
      return { term, name, value: value * weights[term], colour };
    });
    return { settings, losses, terms };
  }, [run, point, curves]);
}
