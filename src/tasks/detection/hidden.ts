/** Objects of which a mask of the input leaves the student too little to find them. */
import type { Box, GroundTruth } from "../../geometry/boxes";
import type { HiddenCells } from "../../methods/detection/method";

/** Share of a box that lies in visible cells, in an image of `pixels` a side; 1 of a box outside the image. */
export function visibleShare([x1, y1, x2, y2]: Box, cells: ArrayLike<number>, side: number, pixels: number): number {
  const cell = pixels / side;
  const inside = (from: number, to: number, i: number) => Math.max(0, Math.min(to, (i + 1) * cell) - Math.max(from, i * cell));
  let [all, visible] = [0, 0];
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++) {
      const part = inside(y1, y2, i) * inside(x1, x2, j);
      all += part;
      visible += part * cells[i * side + j];
    }
  return all > 0 ? visible / all : 1;
}

/** The objects of a batch, those marked as hidden of which less than `least` is visible. */
export function markHidden(truths: readonly GroundTruth[][], { cells, side, least }: HiddenCells, pixels: number): GroundTruth[][] {
  return truths.map((objects, b) => {
    const own = cells.subarray(b * side * side, (b + 1) * side * side);
    return objects.map((object) => (visibleShare(object.box, own, side, pixels) < least ? { ...object, hidden: true } : object));
  });
}
