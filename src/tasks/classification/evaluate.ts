/** Which held-out images are classified right, and how many. */
import { Batches } from "../../data/batches";
import type { Pictures } from "../../data/dataset";
import type { Engine } from "../../engine/device";
import { topk } from "../../metrics/topk";
import { mean } from "../../metrics/verdicts";
import type { Grid } from "../../models/model";
import { Params } from "../../models/params";
import { objectShares } from "../frequency";
import type { Progress, Scores } from "../task";
import type { Network } from "../vitNetwork";
import { fitted } from "./fitted";
import { type Outputs, Snapshot, type SnapshotOptions } from "./snapshot";

const EVALUATION_BATCH = 100;

/** The wider of the two scores. */
const AMONG = 5;

/** For each held-out image 1 where its class was named, and, of six classes or more, where it was among the five likeliest. */
export interface Right {
  top1: Uint8Array;
  top5?: Uint8Array;
}

/**
 * Which held-out images, of all or the first `limit`, are answered right by the logits that `answers` picks out of a snapshot of
 * the images with these indices; the last snapshot repeats the last image until it is full.
 */
export async function judged(
  engine: Engine,
  seen: Omit<SnapshotOptions, "batch">,
  answers: (outputs: Outputs, images: number[]) => Float32Array,
  batches: Batches,
  limit: number,
  progress?: Progress,
): Promise<Right> {
  const { test, classes } = batches.dataset;
  const count = Math.min(limit, test.count);
  const batch = Math.min(EVALUATION_BATCH, count);
  const right: Right = { top1: new Uint8Array(count), ...(classes.length > AMONG && { top5: new Uint8Array(count) }) };
  const snapshot = await Snapshot.compile(engine, { ...seen, batch });
  try {
    for (let from = 0; from < count; from += batch) {
      const indices = Array.from({ length: batch }, (_, i) => Math.min(from + i, count - 1));
      const { images, labels } = batches.load(test, indices);
      const logits = answers(await snapshot.run(images), indices);
      const among = (k: number) => topk(logits, labels, classes.length, k).subarray(0, count - from);
      right.top1.set(among(1), from);
      right.top5?.set(among(AMONG), from);
      progress?.(Math.min(1, (from + batch) / count));
    }
  } finally {
    snapshot.destroy();
  }
  return right;
}

/** The shares of images: `top1` first. */
export function scoresOf({ top1, top5 }: Right): Scores {
  return { top1: mean(top1), ...(top5 && { top5: mean(top5) }) };
}

/** Share of held-out images that a trained network classifies right. Rejects when it is for other images or classes. */
export async function measure(engine: Engine, network: Network, dataset: Pictures, progress?: Progress): Promise<number> {
  const { weights, config } = fitted(network, dataset);
  const student = { params: new Params(engine, weights), config };
  try {
    return mean((await judged(engine, { student }, ({ logits }) => logits, new Batches(dataset, 1, 0), dataset.test.count, progress)).top1);
  } finally {
    student.params.destroy();
  }
}

/**
 * Mean share of the held-out images' objects that lies in kept patches, collected batch by batch. A patch belongs to the object by
 * the share of the object's pixels that lie in it.
 */
export class ObjectsSeen {
  private readonly shares = new Map<number, number>();

  constructor(
    private readonly dataset: Pictures,
    private readonly grid: Grid,
  ) {}

  /** Takes the patches u32 [images, k] that were kept of these images. */
  add(images: readonly number[], kept: Uint32Array): void {
    const { dataset, grid } = this;
    const { side, columns = side, test } = dataset;
    const { object } = test;
    if (!object) return;
    const k = kept.length / images.length;
    for (const [row, image] of images.entries()) {
      const shares = objectShares([object(image)], [side, columns], grid);
      this.shares.set(
        image,
        kept.subarray(row * k, (row + 1) * k).reduce((sum, patch) => sum + shares[patch], 0),
      );
    }
  }

  /** Undefined where nothing was added. */
  get mean(): number | undefined {
    return this.shares.size ? mean([...this.shares.values()]) : undefined;
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
