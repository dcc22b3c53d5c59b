/** Segmentation's methods by name. To add one: its file, and a line here. */
import type { SegmentationMethod } from "./method";
import { segmenter } from "./segmenter";

export const SEGMENTATION_METHODS = { segmenter } as const satisfies Record<string, SegmentationMethod>;
