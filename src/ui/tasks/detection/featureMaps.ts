/** The maps of a method's pictures: which levels and regions there are, one image's map, one region's channels. */
import type { MapOf } from "../../../tasks/detection/views";

/** A map whose numbers may be of any type. */
export type FeatureMap = MapOf<ArrayLike<number>>;

/** What the pictures of features show. */
export interface Focus {
  image: number;
  /** Level of the feature pyramid, 0 the finest. */
  level: number;
  /** Regions along a side of the map. */
  regions: number;
  /** Number of a region, row by row. */
  region: number;
}

/** A map of one image. */
export interface Plane {
  height: number;
  width: number;
  values: Float32Array;
}

const numbers = (values: (number | undefined)[]): number[] => [...new Set(values)].filter((v) => v !== undefined).sort((a, b) => a - b);

/** The finest level of these detectors has stride 8: P3. */
export const levelName = (level: number): string => `P${level + 3}`;

/** Levels of the feature pyramid that any map is of, finest first. */
export const levelsOf = (maps: readonly FeatureMap[]): number[] => numbers(maps.map(({ at }) => at.level));

/** Numbers of regions per side on a level, fewest first; none for methods without regions. */
export const regionsOf = (maps: readonly FeatureMap[], level: number): number[] =>
  numbers(maps.map(({ at }) => (at.level === level ? at.regions : undefined)));

/** The nearest focus that there is something to show of. */
export function nearest({ image, level, regions, region }: Focus, maps: readonly FeatureMap[], images: number): Focus {
  const pick = (wanted: number, there: number[], otherwise: number) => (there.includes(wanted) ? wanted : (there[0] ?? otherwise));
  const found = pick(level, levelsOf(maps), 0);
  const side = pick(regions, regionsOf(maps, found), 1);
  return { image: Math.min(image, images - 1), level: found, regions: side, region: region < side ** 2 ? region : 0 };
}

/** Whether a map belongs to the level and the regions in focus; one without a level or regions belongs to all. */
export const isAt = ({ at }: FeatureMap, { level, regions }: Focus): boolean =>
  (at.level ?? level) === level && (at.regions ?? regions) === regions;

/** One image's part of a map [images, H, W]. */
export function planeOf({ shape, data }: FeatureMap, image: number): Plane | undefined {
  if (shape.length !== 3 || image >= shape[0]) return undefined;
  const [, height, width] = shape;
  return { height, width, values: part(data, image, height * width) };
}

/** One image's numbers of a map [images, R, ..], a row for each region; a map without regions [images, ..] is a single one. */
export function rowsOf({ shape, data, at }: FeatureMap, image: number): Float32Array[] {
  const count = at.regions === undefined ? 1 : at.regions ** 2;
  const each = shape.slice(1).reduce((a, b) => a * b, 1) / count;
  return Array.from({ length: count }, (_, region) => part(data, image * count + region, each));
}

const part = (data: ArrayLike<number>, index: number, size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => data[index * size + i]);

export const extremes = (values: ArrayLike<number>): [number, number] => [Math.min(...Array.from(values)), Math.max(...Array.from(values))];
