/** How many held-out images are classified right. */
import { Batches } from "../../data/batches";
import type { Dataset } from "../../data/dataset";
import type { Engine } from "../../engine/device";
import { Params } from "../../models/params";
import type { Progress } from "../task";
import { fitted } from "./fitted";
import type { Network } from "./network";
import { type Outputs, Snapshot, type SnapshotOptions } from "./snapshot";

const EVALUATION_BATCH = 100;

/** Share of held-out images, all or the first `limit`, that the logits `answers` picks out of a snapshot classify right. */
export async function accuracy(
  engine: Engine,
  seen: Omit<SnapshotOptions, "batch">,
  answers: (outputs: Outputs) => Float32Array,
  batches: Batches,
  limit: number,
  progress?: Progress,
): Promise<number> {
  const { test, classes } = batches.dataset;
  const count = Math.min(limit, test.count);
  const batch = Math.min(EVALUATION_BATCH, count);
  const snapshot = await Snapshot.compile(engine, { ...seen, batch });
  let right = 0;
  try {
    for (let from = 0; from < count; from += batch) {
      const indices = Array.from({ length: batch }, (_, i) => Math.min(from + i, count - 1));
      const { images, labels } = batches.load(test, indices);
      const found = top(answers(await snapshot.run(images)), classes.length).slice(0, count - from);
      right += found.filter((c, i) => c === labels[i]).length;
      progress?.(Math.min(1, (from + batch) / count));
    }
  } finally {
    snapshot.destroy();
  }
  return right / count;
}

/** Share of held-out images that a trained network classifies right. Rejects when it is for other images or classes. */
export async function measure(engine: Engine, network: Network, dataset: Dataset, progress?: Progress): Promise<number> {
  const { weights, config } = fitted(network, dataset);
  const student = { params: new Params(engine, weights), config };
  try {
    return await accuracy(engine, { student }, ({ logits }) => logits, new Batches(dataset, 1, 0), dataset.test.count, progress);
  } finally {
    student.params.destroy();
  }
}

/** Index of the largest of each row of `classes` numbers; the first of equals. */
export function top(logits: ArrayLike<number>, classes: number): number[] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[row * classes + c] > logits[row * classes + best]) best = c;
    return best;
  });
}
