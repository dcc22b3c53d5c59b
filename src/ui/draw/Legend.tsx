/** What the ends of the colour map stand for. */
import { short } from "../format";
import { DIVERGING_GRADIENT, GRADIENT } from "./colormap";

export function Legend({ low, high }: { low: number; high: number }) {
  return (
    <span className="legend">
      {short(low)} <i style={{ background: GRADIENT }} aria-hidden="true" /> {short(high)}
    </span>
  );
}

/** That of attention: a multiple of an even share, on a scale that is always the same. */
export function EvenLegend() {
  return (
    <span className="legend" title="Attention as a multiple of an even share">
      ¼ × <i style={{ background: DIVERGING_GRADIENT }} aria-hidden="true" /> 4 × even
    </span>
  );
}

/** That of a difference of two runs, A minus B. */
export function DifferenceLegend({ reach }: { reach: number }) {
  return (
    <span className="legend" title="A minus B">
      −{short(reach)} <i style={{ background: DIVERGING_GRADIENT }} aria-hidden="true" /> +{short(reach)}
    </span>
  );
}
