/** The maps of one image on one FPN level and pyramid level, as pictures in the order in which a method makes them. */

import { percent, short } from "../../format";
import { extremes, type Focus, type Maps, type Plane, planeOf } from "./featureMaps";

export interface Picture {
  id: string;
  title: string;
  note: string;
  /** What a value means. */
  unit: string;
  plane: Plane;
  /** The least and greatest value that colours tell apart; none for masks. */
  range?: [number, number];
}

interface Kind {
  title: string;
  note: string;
  unit: string;
}

/** Views that are masks: 1 stays, 0 is erased. */
const MASKS: Record<string, string> = { mask: "Erased", visible: "Hidden on this level", "visible.input": "Hidden from the student" };

const HEAT: Record<string, Kind> = {
  attention: { title: "Teacher attends to", note: "within each region", unit: "attention" },
  teacher: { title: "Teacher's features", note: "mean |F| over channels", unit: "mean |F|" },
  student: { title: "Student's features", note: "mean |F| over channels", unit: "mean |F|" },
  reconstruction: { title: "Regenerated", note: "mean |F|, colours as the teacher's", unit: "mean |F|" },
  regenerated: { title: "Regenerated", note: "mean |F|, by the decoder", unit: "mean |F|" },
  error: { title: "Error of regeneration", note: "part of L_feat", unit: "error" },
  foreground: { title: "Foreground", note: "weights of the objects' pixels", unit: "weight" },
  background: { title: "Background", note: "weights of all other pixels", unit: "weight" },
  frequency: { title: "Weights of details", note: "wavelets, coarser with the number", unit: "weight" },
  divergence: { title: "Divergence of logits", note: "KL at each place", unit: "KL" },
};

/** In place of a level: before all of them. */
const INPUT = "input";
/** Views whose third part is the pyramid level. */
const HAS_SIDES = ["attention", "mask", "reconstruction"];
/** What regions have of their channels is drawn as bars. */
const BARS = ["channelAttention", "channelMask"];
const ORDER = [
  ...["visible", "attention", "mask", "teacher", "student", "reconstruction", "regenerated", "error"],
  ...["foreground", "background", "divergence"],
];

/** What there is to see: a method without a mask has no picture of one. */
export function picturesOf(maps: Maps, { image, level, side }: Focus): Picture[] {
  const teacher = planeOf(maps[`teacher.${level}`], image);
  return Object.keys(maps)
    .map((name) => ({ name, parts: name.split(".") }))
    .filter(({ parts: [kind, l, y] }) => isHere(kind, l, y, level, side))
    .sort((a, b) => rank(a.parts) - rank(b.parts))
    .flatMap(({ name, parts: [kind, , y] }) => {
      const plane = planeOf(maps[name], image);
      if (!plane) return [];
      const common = { id: name, plane };
      if (kind in MASKS) return [{ ...common, title: MASKS[name] ?? MASKS[kind], note: extent(plane), unit: "" }];
      const hidden = kind === "error" && planeOf(maps[`visible.${level}`], image);
      if (hidden) return [{ ...common, ...HEAT.error, note: byVisibility(plane, hidden), range: extremes(plane.values) }];
      const range = kind === "reconstruction" && teacher ? extremes(teacher.values) : extremes(plane.values);
      const { title, ...words } = HEAT[kind] ?? { title: kind, note: "", unit: kind };
      return [{ ...common, ...words, title: y && !HAS_SIDES.includes(kind) ? `${title} ${y}` : title, range }];
    });
}

/** Views without a level, and those of the input, belong to the image; those with a third part to a pyramid level, or, where that means something else, to all. */
function isHere(kind: string, l: string | undefined, y: string | undefined, level: number, side: number): boolean {
  if (BARS.includes(kind) || (l !== undefined && l !== INPUT && Number(l) !== level)) return false;
  return y === undefined || Number(y) === side || !HAS_SIDES.includes(kind);
}

/** The input comes before the level that is made of it. */
function rank([kind, l]: string[]): number {
  return (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length) - (l === INPUT ? 0.5 : 0);
}

export const erasedOf = ({ values }: Plane): number => values.reduce((sum, visible) => sum + (1 - visible), 0);

/** Means over positions that the student saw, and over those it did not. */
function byVisibility({ values }: Plane, visible: Plane): string {
  const mean = (wanted: number) => {
    const some = values.filter((_, i) => visible.values[i] === wanted);
    return some.length ? short(some.reduce((a, b) => a + b, 0) / some.length) : "–";
  };
  return `mean ${mean(0)} where hidden, ${mean(1)} elsewhere`;
}

function extent(plane: Plane): string {
  const erased = erasedOf(plane);
  return `${short(erased)} of ${plane.values.length}, ${percent(erased / plane.values.length)}`;
}

/** What is at a position, in words. */
export function told({ range, unit, plane: { values } }: Picture, cell: number): string {
  if (!range) return values[cell] ? "stays" : "erased";
  return `${unit} ${short(values[cell])}`;
}
