/** What the ends of the colour map stand for. */
import { short } from "../format";
import { GRADIENT } from "./colormap";

export function Legend({ low, high }: { low: number; high: number }) {
  return (
    <span className="legend">
      {short(low)} <i style={{ background: GRADIENT }} aria-hidden="true" /> {short(high)}
    </span>
  );
}
