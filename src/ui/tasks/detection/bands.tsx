/** How the bands of the error analysis differ without colour: each has a pattern of its own. */
import { BANDS, type Band } from "./errorCosts";

/** Strokes within a tile of 8 by 8 pixels. */
const STROKES: Record<Band["name"], string> = {
  C75: "",
  C50: "M-2 2L2 -2M0 8L8 0M6 10L10 6",
  Loc: "M2 2h.01M6 6h.01",
  Sim: "M0 2H8M0 6H8",
  Oth: "M0 0L8 8M0 8L8 0",
  BG: "M2 0V8M6 0V8",
  FN: "M4 4h.01",
};

/** Of the tile behind the strokes. */
const OPACITY: Partial<Record<Band["name"], number>> = { C75: 0.85, FN: 0.1 };

const idOf = (name: Band["name"]): string => `band-${name}`;

export const patternOf = (name: Band["name"]): string => `url(#${idOf(name)})`;

/** The patterns' definitions, once on the page. */
export function BandPatterns() {
  return (
    <svg className="hidden" aria-hidden="true">
      <defs>
        {BANDS.map(({ name, colour }) => (
          <pattern key={name} id={idOf(name)} width="8" height="8" patternUnits="userSpaceOnUse">
            <rect width="8" height="8" fill={colour} fillOpacity={OPACITY[name] ?? 0.3} />
            <path d={STROKES[name]} stroke={colour} strokeWidth="1.6" strokeLinecap="round" />
          </pattern>
        ))}
      </defs>
    </svg>
  );
}

export function Swatch({ name }: { name: Band["name"] }) {
  const colour = BANDS.find((band) => band.name === name)?.colour;
  return (
    <svg className="band" width="22" height="13" aria-hidden="true">
      <rect x="0.5" y="0.5" width="21" height="12" fill={patternOf(name)} stroke={colour} />
    </svg>
  );
}
