/** What each detector is trained on, with the normalisers and weights of mmdetection; see config.ts for the papers. */
import {
  boxLoss,
  centernessLoss,
  deltaLoss,
  distributionFocalLoss,
  focalLoss,
  type Level,
  overlaps,
  peaks,
  qualityFocalLoss,
} from "../../ops/detection";
import type { Loss } from "../../ops/losses";
import type { DetectorConfig } from "./config";
import { ATSS_STDS } from "./decode";
import type { LevelTensors } from "./head";
import type { Targets } from "./targets";

/** The terms of a detector's loss, each to be added with weight 1: `cls`, `box`, and `centerness` or `dfl`. */
export function detectorLosses(config: DetectorConfig, outputs: readonly LevelTensors[], targets: Targets): Record<string, Loss> {
  const tensors = targets.on(outputs[0].cls.graph);
  return TERMS[config.kind](
    outputs.map((output, l) => ({ ...output, ...tensors[l] })),
    targets,
  );
}

type Terms = (levels: Level[], normalisers: Pick<Targets, "positives" | "weight">) => Record<string, Loss>;

const TERMS: Record<DetectorConfig["kind"], Terms> = {
  retinanet: (levels, { positives: normaliser }) => ({
    cls: focalLoss(levels, { normaliser }),
    box: deltaLoss(levels, { normaliser }),
  }),
  fcos: (levels, { positives: normaliser, weight }) => ({
    cls: focalLoss(levels, { normaliser }),
    box: boxLoss(levels, { coder: "distances", form: "iou", normaliser: weight }),
    centerness: centernessLoss(levels, { normaliser }),
  }),
  atss: (levels, { positives: normaliser, weight }) => ({
    cls: focalLoss(levels, { normaliser }),
    box: boxLoss(levels, { coder: "deltas", stds: ATSS_STDS, form: "giou", normaliser: weight, factor: 2 }),
    centerness: centernessLoss(levels, { normaliser }),
  }),
  gfl: (levels, { positives: normaliser }) => {
    const quality = overlaps(levels, { coder: "distribution" });
    const { weights, sum } = peaks(levels);
    return {
      cls: qualityFocalLoss(levels, { quality, normaliser }),
      box: boxLoss(levels, { coder: "distribution", form: "giou", weights, normaliser: sum, factor: 2 }),
      dfl: distributionFocalLoss(levels, { weights, normaliser: sum, factor: 0.25 }),
    };
  },
};
