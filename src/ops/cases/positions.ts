/** Positions of another grid beside the definition of bicubic interpolation. */
import type { Check } from "../evidence";
import { resizePositions } from "../positions";
import { positions64 } from "../positions.fixture";

export const positionsCase = (from: number, to: number, width: number): Check => ({
  inputs: { x: { shape: [1, 1 + from * from, width], grad: true } },
  op: ({ x }) => resizePositions(x, from, to),
  reference: ({ x }) => [positions64(x, from, to, width)],
});
