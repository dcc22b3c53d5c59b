/** Lines between the regions of a map. */
import { regionsOf } from "../../../ops/regions";
import { paintBorders } from "../../draw/patches";

/** Where the inner borders of so many regions are along an edge of so many positions, as shares of it. */
export function bordersOf(regions: number, length: number): number[] {
  return regionsOf([regions], [length, length])
    .slice(1, regions)
    .map(([, left]) => left / length);
}

export function paintRegions(
  context: CanvasRenderingContext2D,
  regions: number,
  { height, width }: { height: number; width: number },
): void {
  paintBorders(context, bordersOf(regions, height), bordersOf(regions, width));
}
