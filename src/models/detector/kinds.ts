/** What detectors there are and how wide their stages: all that settings and methods need before any network is made. */
import type { DetectorConfig } from "./config";

export const DETECTORS = ["retinanet", "fcos", "atss", "gfl"] as const;
export type DetectorKind = (typeof DETECTORS)[number];

/** Pixels between two cells of C5, the coarsest stage. */
export const COARSEST_STRIDE = 32;

/** Channels of the backbone's stages C2 to C5. */
export function stageChannels({ block, width }: Pick<DetectorConfig, "block" | "width">): number[] {
  return [1, 2, 4, 8].map((times) => width * times * (block === "bottleneck" ? 4 : 1));
}
