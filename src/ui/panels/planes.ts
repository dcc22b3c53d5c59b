/** The maps of one image on one FPN level and pyramid level, as pictures in the order in which a method makes them. */
import { extremes, type Focus, type Maps, type Plane, planeOf } from "../featuremaps";
import { percent, short } from "../format";

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
const MASKS: Record<string, string> = { mask: "Erased", visible: "Hidden from the student" };

const HEAT: Record<string, Kind> = {
  attention: { title: "Teacher attends to", note: "within each region", unit: "attention" },
  teacher: { title: "Teacher's features", note: "mean |F| over channels", unit: "mean |F|" },
  student: { title: "Student's features", note: "mean |F| over channels", unit: "mean |F|" },
  reconstruction: { title: "Regenerated", note: "mean |F|, colours as the teacher's", unit: "mean |F|" },
  foreground: { title: "Foreground", note: "weights of the objects' pixels", unit: "weight" },
  background: { title: "Background", note: "weights of all other pixels", unit: "weight" },
  frequency: { title: "Weights of details", note: "wavelets, coarser with the number", unit: "weight" },
  divergence: { title: "Divergence of logits", note: "KL at each place", unit: "KL" },
};

/** Views whose third part is the pyramid level. */
const HAS_SIDES = ["attention", "mask", "reconstruction"];
/** What regions have of their channels is drawn as bars. */
const BARS = ["channelAttention", "channelMask"];
const ORDER = ["visible", "attention", "mask", "teacher", "student", "reconstruction", "foreground", "background", "divergence"];

/** What there is to see: a method without a mask has no picture of one. */
export function picturesOf(maps: Maps, { image, level, side }: Focus): Picture[] {
  const teacher = planeOf(maps[`teacher.${level}`], image);
  return Object.keys(maps)
    .map((name) => ({ name, parts: name.split(".") }))
    .filter(({ parts: [kind, l, y] }) => isHere(kind, l, y, level, side))
    .sort((a, b) => rank(a.parts[0]) - rank(b.parts[0]))
    .flatMap(({ name, parts: [kind, , y] }) => {
      const plane = planeOf(maps[name], image);
      if (!plane) return [];
      const common = { id: name, plane };
      if (kind in MASKS) return [{ ...common, title: MASKS[kind], note: extent(plane), unit: "" }];
      const range = kind === "reconstruction" && teacher ? extremes(teacher.values) : extremes(plane.values);
      const { title, ...words } = HEAT[kind] ?? { title: kind, note: "", unit: kind };
      return [{ ...common, ...words, title: y && !HAS_SIDES.includes(kind) ? `${title} ${y}` : title, range }];
    });
}

/** Views without a level belong to the image; those with a third part to a pyramid level, or, where that means something else, to all. */
function isHere(kind: string, l: string | undefined, y: string | undefined, level: number, side: number): boolean {
  if (BARS.includes(kind) || (l !== undefined && Number(l) !== level)) return false;
  return y === undefined || Number(y) === side || !HAS_SIDES.includes(kind);
}

const rank = (kind: string) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);

export const erasedOf = ({ values }: Plane): number => values.reduce((sum, visible) => sum + (1 - visible), 0);

function extent(plane: Plane): string {
  const erased = erasedOf(plane);
  return `${short(erased)} of ${plane.values.length}, ${percent(erased / plane.values.length)}`;
}

/** What is at a position, in words. */
export function told({ range, unit, plane: { values } }: Picture, cell: number): string {
  if (!range) return values[cell] ? "stays" : "erased";
  return `${unit} ${short(values[cell])}`;
}
