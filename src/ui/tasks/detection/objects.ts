/** A map's values where the images' objects are, and elsewhere. */
import type { GroundTruth } from "../../../geometry/boxes";
import type { BoxGallery } from "../../../tasks/detection/views";
import { type FeatureMap, planeOf } from "./featureMaps";

/** Of each cell of a map over an image of so many pixels along a side, whether its centre lies in the box of an object. */
export function covered(truths: readonly GroundTruth[], side: number, [height, width]: readonly [number, number]): boolean[] {
  return Array.from({ length: height * width }, (_, cell) => {
    const [x, y] = [(((cell % width) + 0.5) * side) / width, ((Math.floor(cell / width) + 0.5) * side) / height];
    return truths.some(({ box: [x1, y1, x2, y2] }) => x >= x1 && x < x2 && y >= y1 && y < y2);
  });
}

/** Means over the cells of maps [images, H, W] that objects cover, and over the others; undefined where either are missing. */
export function objectMeans(maps: readonly FeatureMap[], { truths, side }: Pick<BoxGallery, "truths" | "side">) {
  const sums = { object: 0, background: 0 };
  const cells = { object: 0, background: 0 };
  for (const map of maps) {
    for (const [image, objects] of truths.entries()) {
      const plane = planeOf(map, image);
      if (!plane) continue;
      for (const [cell, inside] of covered(objects, side, [plane.height, plane.width]).entries()) {
        const where = inside ? "object" : "background";
        sums[where] += plane.values[cell];
        cells[where]++;
      }
    }
  }
  if (!cells.object || !cells.background) return undefined;
  return { object: sums.object / cells.object, background: sums.background / cells.background };
}
