/** A map of one picture, and the difference of two, on scales that are always the same. */
import { GridCanvas } from "../draw/GridCanvas";
import { cellsOf } from "../draw/grid";
import { paintDiverging, paintGrid, paintMask, paintMultiples, paintPicture, paintShades } from "../draw/patches";
import { short, signed } from "../format";
import type { SharedMap } from "../state/looks";
import { shownOf } from "../tasks/compared";

/** The difference that has the strongest colour, by kind of map. */
export const REACH: Record<SharedMap["kind"], number> = { kept: 1, times: 2, shade: 0.5 };

/** More cells than these are pixels, between which lines would hide them. */
const MOST_LINES = 1024;

interface Common {
  picture: HTMLCanvasElement;
  index: number;
  subject: string;
  onRead(text: string): void;
}

export function MapCanvas({ map, title, picture, index, subject, onRead }: Common & { map: SharedMap; title: string }) {
  const { grid, kind, name } = map;
  const values = shownOf(map, index);
  const kept = new Set([...values.keys()].filter((cell) => values[cell] > 0));
  const paint = (context: CanvasRenderingContext2D) => {
    if (kind !== "shade") paintPicture(context, picture);
    if (kind === "kept") paintMask(context, kept, grid);
    else if (kind === "shade") paintShades(context, values, grid);
    else {
      context.globalAlpha = 0.8;
      paintMultiples(context, values, grid);
      context.globalAlpha = 1;
    }
    lines(context, map);
  };
  return (
    <GridCanvas
      grid={grid}
      label={`${title}: ${name}, image ${index + 1}, ${subject}.`}
      paint={paint}
      describe={(cell) => worded(kind, values[cell])}
      onRead={(text) => onRead(text && `${title}. ${text}`)}
      kept={kind === "kept" ? kept.size : undefined}
    />
  );
}

export function DifferenceCanvas({ a, b, index, subject, onRead }: Common & { a: SharedMap; b: SharedMap }) {
  const { grid, kind, name } = a;
  const [first, second] = [a, b].map((map) => shownOf(map, index));
  const difference = first.map((value, cell) => value - second[cell]);
  const paint = (context: CanvasRenderingContext2D) => {
    paintDiverging(context, difference, grid, 0, REACH[kind]);
    lines(context, a);
  };
  const describe = (cell: number) =>
    kind === "kept"
      ? `A ${worded(kind, first[cell])}, B ${worded(kind, second[cell])}`
      : `A ${short(first[cell])}, B ${short(second[cell])}, A − B ${signed(difference[cell], 2)}`;
  return (
    <GridCanvas
      grid={grid}
      label={`A minus B: ${name}, image ${index + 1}, ${subject}.`}
      paint={paint}
      describe={describe}
      onRead={onRead}
    />
  );
}

function worded(kind: SharedMap["kind"], value: number): string {
  if (kind === "kept") return value > 0 ? "kept" : "hidden";
  return kind === "times" ? `${short(value)} × even` : `brightness ${short(value)}`;
}

function lines(context: CanvasRenderingContext2D, { grid, kind }: SharedMap): void {
  if (kind !== "shade" && cellsOf(grid) < MOST_LINES) paintGrid(context, grid);
}
