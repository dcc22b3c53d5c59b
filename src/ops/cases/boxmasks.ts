/** FGD's masks beside slices, box after box. */
import { boxMasks } from "../boxmasks";
import type { Check } from "../evidence";

/** FGD's masks by slices, box after box. */
function masks64(boxes: ArrayLike<number>, slots: number, side: number, [batch, height, width]: number[]) {
  const foreground = new Float64Array(batch * height * width);
  const background = new Float64Array(foreground.length);
  for (let b = 0; b < batch; b++) {
    for (let s = 0; s < slots; s++) {
      const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => boxes[4 * (b * slots + s) + k]);
      if (x2 <= x1 || y2 <= y1) continue;
      const [left, right] = [Math.floor((x1 / side) * width), Math.ceil((x2 / side) * width)];
      const [top, bottom] = [Math.floor((y1 / side) * height), Math.ceil((y2 / side) * height)];
      for (let i = Math.max(0, top); i <= Math.min(height - 1, bottom); i++)
        for (let j = Math.max(0, left); j <= Math.min(width - 1, right); j++) {
          const at = (b * height + i) * width + j;
          foreground[at] = Math.max(foreground[at], 1 / ((bottom + 1 - top) * (right + 1 - left)));
        }
    }
    const image = [...Array(height * width).keys()].map((i) => b * height * width + i);
    const empty = image.filter((i) => foreground[i] === 0);
    for (const i of empty) background[i] = 1 / empty.length;
  }
  return [foreground, background];
}

const BOXES = [
  [10, 20, 30.5, 90, 12, 22, 20, 30, 0, 0, 0, 0],
  [0, 0, 0, 0, 40, 40, 40, 60, 0, 0, 0, 0],
  [-3, 5, 60, 61, 50, 50, 99, 63, 1, 1, 2, 2],
];

export const boxMasksCase = (grid: [number, number], side: number): Check => ({
  inputs: { boxes: { shape: [3, 3, 4], data: BOXES.flat() } },
  op: ({ boxes }) => {
    const { foreground, background } = boxMasks(boxes, side, grid);
    return [foreground, background];
  },
  reference: ({ boxes }) => masks64(boxes, 3, side, [3, ...grid]),
});
