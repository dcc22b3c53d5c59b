/** What detectors find on held-out images: COCO's scores of it, and which mistakes cost it precision. */
import { DetectionBatches } from "../../data/batches.detection";
import type { DetectionSet } from "../../data/detection";
import type { Engine } from "../../engine/device";
import type { Detection, GroundTruth } from "../../geometry/boxes";
import { type Answered, CocoEvaluation, type CocoScores, scaledEdges } from "../../metrics/coco";
import { type ErrorAnalysis, errorAnalysis } from "../../metrics/errors";
import { Params } from "../../models/params";
import type { Beside, Scores } from "../task";
import { assertTakes, type DetectorNetwork } from "./network";
import { DetectorSnapshot } from "./snapshot";
import { type Parts, prefixed } from "./step";

const EVALUATION_BATCH = 16;

/** On what a network is evaluated. */
export interface Held {
  dataset: DetectionSet;
  /** Number of images, the first ones; all by default. */
  limit?: number;
}

/** The same, and with what. */
export interface Asked extends Held {
  engine: Engine;
}

/** A network recorded for some images at once, of whatever kind. */
export interface Finder {
  /** What it finds on normalised images f32 [B, S, S, 3], best first for each. */
  run(images: Float32Array, truths: readonly GroundTruth[][]): Promise<{ student: Detection[][] }>;
  destroy(): void;
}

/** Records a network for so many images. */
export type Recording = (batch: number) => Promise<Finder>;

/** COCO's scores of a detector; sizes are scaled to the images' side. */
export const scored = (parts: Parts, asked: Asked & Beside): Promise<Scores> => scoredBy(recording(parts, asked.engine), asked);

/** The same of whatever finds objects. */
export async function scoredBy(record: Recording, held: Held & Beside): Promise<Scores> {
  const { classes, side } = held.dataset;
  const evaluation = new CocoEvaluation({ classes: classes.length, edges: scaledEdges(side) });
  for await (const answered of answers(record, held)) evaluation.add(answered);
  return named(evaluation.scores());
}

const recording =
  (parts: Parts, engine: Engine): Recording =>
  (batch) =>
    DetectorSnapshot.compile(engine, parts, batch);

/** COCO's scores under the names that the command line and the charts use. */
export function named(scores: CocoScores): Scores {
  const { ap, ap50, ap75, apSmall, apMedium, apLarge, ar, arSmall, arMedium, arLarge } = scores;
  const precision = { map: ap, ap50, ap75, ap_s: apSmall, ap_m: apMedium, ap_l: apLarge };
  return measured({ ...precision, mar: ar, mar_s: arSmall, mar_m: arMedium, mar_l: arLarge });
}

/** The scores that there is anything to measure of: there may be no object of a size. */
export function measured(scores: Scores): Scores {
  return Object.fromEntries(Object.entries(scores).filter(([, value]) => Number.isFinite(value)));
}

/** A network's average precision on held-out images. Rejects with an EngineError when it is for others. */
export async function measureDetector(engine: Engine, network: DetectorNetwork, dataset: DetectionSet): Promise<number> {
  assertTakes(network, dataset);
  return (await withParts(engine, network, (parts) => scored(parts, { engine, dataset }))).map ?? 0;
}

/** What a network's precision on held-out images is lost to, class by class. */
export async function detectorErrors(
  network: Pick<DetectorNetwork, "weights" | "config">,
  asked: Asked & Beside,
): Promise<Required<ErrorAnalysis>> {
  asked.signal?.throwIfAborted();
  return withParts(asked.engine, network, async (parts) => errorAnalysis(await answersOf(parts, asked), asked.dataset));
}

/** By teacher: its analysis on the data it was last evaluated on. */
const known = new WeakMap<DetectorNetwork, { dataset: string; analysis: Required<ErrorAnalysis> }>();

/** The same of a teacher, which does not change from run to run: it is evaluated once. */
export async function teacherErrors(teacher: DetectorNetwork, asked: Asked & Beside): Promise<Required<ErrorAnalysis>> {
  const { id } = asked.dataset;
  const before = known.get(teacher);
  if (before?.dataset === id) return before.analysis;
  const analysis = await detectorErrors(teacher, asked);
  known.set(teacher, { dataset: id, analysis });
  return analysis;
}

/** Works with a network that is on the GPU meanwhile. */
async function withParts<T>(
  engine: Engine,
  { weights, config }: Pick<DetectorNetwork, "weights" | "config">,
  work: (parts: Parts) => Promise<T>,
): Promise<T> {
  const params = new Params(engine, new Map(prefixed("student.", weights)));
  try {
    return await work({ config, params });
  } finally {
    params.destroy();
  }
}

/** What is on the held-out images, and what a detector finds there. */
export const answersOf = (parts: Parts, asked: Asked & Beside): Promise<Answered[]> => answersBy(recording(parts, asked.engine), asked);

/** The same of whatever finds objects. */
export async function answersBy(record: Recording, held: Held & Beside): Promise<Answered[]> {
  const answered: Answered[] = [];
  for await (const one of answers(record, held)) answered.push(one);
  return answered;
}

/** The same, image by image. */
async function* answers(record: Recording, { dataset, limit, alone = atOnce, progress, signal }: Held & Beside): AsyncGenerator<Answered> {
  const { test } = dataset;
  const count = Math.min(limit ?? test.count, test.count);
  const batch = Math.min(EVALUATION_BATCH, count);
  const batches = new DetectionBatches(dataset, batch, 0);
  const snapshot = await alone(async () => {
    signal?.throwIfAborted();
    return record(batch);
  });
  try {
    for (let from = 0; from < count; from += batch) {
      signal?.throwIfAborted();
      const indices = Array.from({ length: batch }, (_, i) => Math.min(from + i, count - 1));
      const { images, truths } = batches.load(test, indices);
      const { student } = await alone(() => snapshot.run(images, truths));
      for (let i = 0; i < batch && from + i < count; i++) yield { truths: truths[i], detections: student[i] };
      progress?.(Math.min(1, (from + batch) / count));
    }
  } finally {
    snapshot.destroy();
  }
}

const atOnce = <T>(work: () => Promise<T>): Promise<T> => work();
