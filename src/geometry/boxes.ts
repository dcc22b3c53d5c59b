/** Boxes, the currency of detection: what is there, and what a detector says is there. */

/** Left, top, right, bottom in pixels; right and bottom are exclusive, so the width is x2 - x1. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** An object that is there. */
export interface GroundTruth {
  /** Index of its class. */
  category: number;
  box: Box;
  /** A region of many objects (COCO): never a miss, and whatever falls into it is no mistake. */
  crowd?: boolean;
  /** Marked difficult (Pascal VOC): neither a miss nor a hit. */
  difficult?: boolean;
  /** Erased from what is shown: in training neither an object nor background. */
  hidden?: boolean;
  /** Area in pixels where it is not the box's (COCO: the segmentation's). */
  area?: number;
}

/** An object a detector reports. */
export interface Detection {
  category: number;
  /** Confidence in 0..1. */
  score: number;
  box: Box;
}

export function area([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/** Intersection over union, 0 when both are empty. */
export function iou(a: Box, b: Box): number {
  const both = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  const union = area(a) + area(b) - both;
  return union > 0 ? both / union : 0;
}
