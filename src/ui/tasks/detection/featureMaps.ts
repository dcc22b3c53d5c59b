/**
 * What a detection method's views are as pictures: which FPN levels and pyramid levels there are, one image's map, one
 * region's channels. Views are named `kind`, `kind.L` or `kind.L.Y`: FPN level L, or `input`; pyramid level Y in cells per side.
 */
import { regionsOf } from "../../../ops/regions";

export interface View {
  shape: readonly number[];
  data: ArrayLike<number>;
}

export type Maps = Readonly<Record<string, View>>;

/** What the pictures of features are about. */
export interface Focus {
  image: number;
  /** FPN level, 0 the finest. */
  level: number;
  /** Cells per side of the pyramid's level. */
  side: number;
  /** Number of a cell within that level, row by row. */
  cell: number;
}

/** A map of one image. */
export interface Plane {
  height: number;
  width: number;
  values: Float32Array;
}

const partsOf = (name: string) => name.split(".");

/** FPN levels that any view shows, finest first. */
export function levelsOf(maps: Maps): number[] {
  const levels = Object.keys(maps).flatMap((name) => Number(partsOf(name)[1] ?? Number.NaN));
  return [...new Set(levels)].filter(Number.isInteger).sort((a, b) => a - b);
}

/** Pyramid levels on an FPN level, coarsest first; none for methods without regions. */
export function sidesOf(maps: Maps, level: number): number[] {
  const sides = Object.keys(maps).flatMap((name) => {
    const [kind, l, side] = partsOf(name);
    return kind === "mask" && Number(l) === level && side ? [Number(side)] : [];
  });
  return sides.length ? sides.sort((a, b) => a - b) : sidesFromRegions(maps, level);
}

/** With the feature term switched off regions still have numbers; how many tells which levels of 1, 2, 4 there are. */
function sidesFromRegions(maps: Maps, level: number): number[] {
  const view = maps[`difference.${level}`];
  const sets = [1, 2, 3, 4, 5, 6, 7].map((bits) => [1, 2, 4].filter((_, i) => bits & (1 << i)));
  return sets.find((sides) => sides.reduce((sum, side) => sum + side ** 2, 0) === view?.shape[1]) ?? [];
}

/** The nearest focus that there is something to show of. */
export function nearest({ image, level, side, cell }: Focus, maps: Maps, images: number): Focus {
  const levels = levelsOf(maps);
  const found = levels.includes(level) ? level : (levels[0] ?? 0);
  const sides = sidesOf(maps, found);
  const cells = sides.includes(side) ? side : (sides[0] ?? 1);
  return { image: Math.min(image, images - 1), level: found, side: cells, cell: cell < cells ** 2 ? cell : 0 };
}

/** One image's map of a view [images, H, W]. */
export function planeOf(view: View | undefined, image: number): Plane | undefined {
  if (view?.shape.length !== 3 || image >= view.shape[0]) return undefined;
  const [, height, width] = view.shape;
  return { height, width, values: part(view, image, height * width) };
}

/** What an image has for every region of a pyramid level, from a view [images, R] or [images, R, ..]: a row for each. */
export function regionsAt(view: View | undefined, image: number, sides: readonly number[], side: number): Float32Array[] {
  if (!view) return [];
  const regions = view.shape.length === 2 && sides.length === 0 ? 1 : view.shape[1];
  const each = view.shape.slice(1).reduce((a, b) => a * b, 1) / regions;
  const before = sides.slice(0, Math.max(0, sides.indexOf(side))).reduce((sum, s) => sum + s ** 2, 0);
  return Array.from({ length: side ** 2 }, (_, cell) => part(view, image * regions + before + cell, each));
}

function part({ data }: View, index: number, size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => data[index * size + i]);
}

/** Where the inner borders of cells are, as shares of the map's edge. */
export function bordersOf(side: number, length: number): number[] {
  return regionsOf([side], [length, length])
    .slice(1, side)
    .map(([, left]) => left / length);
}

export const extremes = (values: ArrayLike<number>): [number, number] => [Math.min(...Array.from(values)), Math.max(...Array.from(values))];
