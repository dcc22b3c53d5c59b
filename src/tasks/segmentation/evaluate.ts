/** How well pixels of held-out images are named. */
import { SegmentationBatches } from "../../data/batches.segmentation";
import type { SegmentationSet } from "../../data/segmentation";
import type { Engine } from "../../engine/device";
import { Confusion, type MiouScores } from "../../metrics/miou";
import { Params } from "../../models/params";
import type { Progress } from "../task";
import { assertTakes, type SegmenterNetwork } from "./network";
import { Snapshot } from "./snapshot";
import type { Model } from "./step";

const EVALUATION_BATCH = 16;

/** Mean IoU, IoU by class and pixel accuracy of a network on held-out images, all or the first `limit`. */
export async function scored(
  engine: Engine,
  model: Model,
  dataset: SegmentationSet,
  limit = Number.POSITIVE_INFINITY,
  progress?: Progress,
): Promise<MiouScores> {
  const { test, classes } = dataset;
  const count = Math.min(limit, test.count);
  const batch = Math.min(EVALUATION_BATCH, count);
  const batches = new SegmentationBatches(dataset, batch, 0, false);
  const confusion = new Confusion(classes.length);
  const snapshot = await Snapshot.compile(engine, { student: model, batch });
  try {
    for (let from = 0; from < count; from += batch) {
      const indices = Array.from({ length: batch }, (_, i) => Math.min(from + i, count - 1));
      const { images, labels } = batches.load(test, indices);
      const { student } = await snapshot.run(images);
      const fresh = (Math.min(batch, count - from) / batch) * labels.length;
      confusion.add(student.subarray(0, fresh), labels.subarray(0, fresh));
      progress?.(Math.min(1, (from + batch) / count));
    }
  } finally {
    snapshot.destroy();
  }
  return confusion.scores();
}

/** A network's mean IoU on held-out images. Rejects with an EngineError when it is for others. */
export async function measure(engine: Engine, network: SegmenterNetwork, dataset: SegmentationSet): Promise<number> {
  assertTakes(network, dataset);
  const params = new Params(engine, network.weights);
  try {
    return (await scored(engine, { params, config: network.config }, dataset)).miou;
  } finally {
    params.destroy();
  }
}
