import { expect, test } from "vitest";
import type { Box } from "../../geometry/boxes";
import { markHidden, visibleShare } from "./hidden";

/** Of 64 pixels, the upper left quarter is erased. */
const CELLS = Uint8Array.of(0, 1, 1, 1);

test("the visible share of a box is that of its area, as far as it lies in the image", () => {
  const share = (...box: number[]) => visibleShare(box as unknown as Box, CELLS, 2, 64);
  expect(share(4, 4, 20, 20)).toBe(0);
  expect(share(40, 4, 60, 60)).toBe(1);
  expect(share(16, 0, 48, 16)).toBe(0.5);
  expect(share(24, 24, 40, 40)).toBe(0.75);
  expect(share(-16, 0, 32, 64)).toBe(0.5);
  expect(share(70, 70, 80, 80)).toBe(1);
});

test("objects of which too little is visible are marked, each by the mask of its own image", () => {
  const [small, half]: Box[] = [
    [4, 4, 20, 20],
    [16, 0, 48, 16],
  ];
  const truths = [small, half].map((box) => ({ category: 0, box }));
  const marked = (least: number) =>
    markHidden([truths, truths], { cells: Uint8Array.of(...CELLS, 1, 1, 1, 1), side: 2, least }, 64).map((image) =>
      image.map(({ hidden }) => hidden === true),
    );
  expect(marked(0.3)).toEqual([
    [true, false],
    [false, false],
  ]);
  expect(marked(0.6)).toEqual([
    [true, true],
    [false, false],
  ]);
  expect(marked(0)).toEqual([
    [false, false],
    [false, false],
  ]);
});
