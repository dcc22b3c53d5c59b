/** The maps of one image on one level, as pictures, in the order in which the method declares them. */
import { FEATURES } from "../../../methods/detection/views";
import type { MethodInfo, ViewSpec } from "../../../methods/method";
import { percent, short } from "../../format";
import { extremes, type FeatureMap, type Focus, isAt, type Plane, planeOf } from "./featureMaps";

export interface Picture {
  id: string;
  /** Name of the view. */
  view: string;
  title: string;
  note: string;
  /** What a value means. */
  unit: string;
  plane: Plane;
  /** Least and greatest value of the colour scale; none for masks. */
  range?: [number, number];
}

type Specs = Readonly<Record<string, ViewSpec>>;

/** The views that can be drawn: those of the method, and the detectors' features, whatever the method declares. */
export const specsOf = ({ views }: Pick<MethodInfo, "views">): Specs => ({ ...views, ...FEATURES });

/** Whether a method erases positions. */
export const erases = ({ views }: Pick<MethodInfo, "views">): boolean => Object.values(views).some(({ kind }) => kind === "mask");

/** The pictures of the image and the level in focus, masks of the input first. */
export function picturesOf(specs: Specs, maps: readonly FeatureMap[], focus: Focus): Picture[] {
  const here = maps.filter((map) => isAt(map, focus));
  const planes = (view: string | undefined) =>
    here.flatMap((map) => {
      const plane = map.view === view && planeOf(map, focus.image);
      return plane ? [{ at: map.at, plane }] : [];
    });
  return inOrder(specs).flatMap(([view, spec]) =>
    planes(view).map(({ at, plane }) => ({
      ...{ id: [view, ...Object.values(at)].join(" "), view, plane, unit: spec.unit ?? view },
      title: at.wavelet === undefined ? spec.label : `${spec.label} ${at.wavelet}`,
      note: noteOf(spec, plane, planes(spec.mask)[0]?.plane),
      ...(spec.kind === "heat" && { range: extremes((planes(spec.scale)[0]?.plane ?? plane).values) }),
    })),
  );
}

/** The views that are maps. */
function inOrder(specs: Specs): [string, ViewSpec][] {
  const maps = Object.entries(specs).filter(([, { kind }]) => kind === "mask" || kind === "heat");
  return maps.sort(([, a], [, b]) => Number(b.of === "input") - Number(a.of === "input"));
}

function noteOf({ kind, note = "" }: ViewSpec, plane: Plane, mask: Plane | undefined): string {
  if (kind === "mask") return extent(plane);
  return mask ? byVisibility(plane, mask) : note;
}

export const erasedOf = ({ values }: Plane): number => values.reduce((sum, visible) => sum + (1 - visible), 0);

/** Means over the positions that a mask hides, and over the others. */
function byVisibility({ values }: Plane, mask: Plane): string {
  const mean = (wanted: number) => {
    const some = values.filter((_, i) => mask.values[i] === wanted);
    return some.length ? short(some.reduce((a, b) => a + b, 0) / some.length) : "–";
  };
  return `mean ${mean(0)} where hidden, ${mean(1)} elsewhere`;
}

function extent(plane: Plane): string {
  const erased = erasedOf(plane);
  return `${short(erased)} of ${plane.values.length}, ${percent(erased / plane.values.length)}`;
}

/** What is at a position, in words. */
export function describe({ range, unit, plane: { values } }: Picture, cell: number): string {
  if (!range) return values[cell] ? "stays" : "erased";
  return `${unit} ${short(values[cell])}`;
}
