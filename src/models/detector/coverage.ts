/** Whether a detector's priors suit the objects it is to find. */
import { area, type GroundTruth } from "../../geometry/boxes";
import { assigner } from "./assign";
import { type DetectorConfig, type DetectorKind, strides } from "./config";

export interface Coverage {
  /** Positive priors of an image on each level, on average. */
  positives: number[];
  /** Share of the objects that no prior answers for. */
  missed: number;
}

/** How the objects of some images are assigned. */
export function coverage(config: DetectorConfig, images: readonly (readonly GroundTruth[])[]): Coverage {
  const assigned = images.map(assigner(config));
  const total = (of: (one: (typeof assigned)[number]) => number) => assigned.reduce((sum, one) => sum + of(one), 0);
  const objects = total(({ objects }) => objects);
  return {
    positives: strides(config).map((_, l) => total(({ levels }) => levels[l].positives) / Math.max(1, images.length)),
    missed: total(({ missed }) => missed) / Math.max(1, objects),
  };
}

/** Mean size of RetinaNet's anchors in that of its smallest square one, which is half of `anchor` strides. */
const OCTAVE = 2 ** (1 / 3);

/**
 * The scale `anchor` of a DetectorConfig at which priors suit such objects, to two digits: anchors of the middle level are as
 * large as the median box. FCOS has points, whose ranges bound the farthest side of a box: the first level's ends where that of
 * the median box may lie, so that half of the objects have a point there. Undefined without objects.
 */
export function fittedAnchor(config: Pick<DetectorConfig, "kind" | "levels">, truths: readonly GroundTruth[]): number | undefined {
  const sizes = truths.map(({ box }) => Math.sqrt(area(box))).filter((size) => size > 0);
  if (sizes.length === 0) return undefined;
  const median = sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)];
  const all = strides(config);
  const middle = all[Math.floor((all.length - 1) / 2)];
  const scales: Record<DetectorKind, number> = {
    ...{ retinanet: (2 * median) / (OCTAVE * middle), fcos: median / all[0] },
    ...{ atss: median / middle, gfl: median / middle },
  };
  return Math.round(100 * scales[config.kind]) / 100;
}
