/** What a YOLOS finds on held-out images, and COCO's scores of it. */
import type { DetectionSet } from "../../data/detection";
import type { Engine } from "../../engine/device";
import { type ErrorAnalysis, errorAnalysis } from "../../metrics/errors";
import { Params } from "../../models/params";
import { type Asked, answersBy, type Recording, scoredBy } from "../detection/evaluate";
import { prefixed } from "../detection/step";
import type { Beside } from "../task";
import { assertTakes, type YolosNetwork } from "./network";
import { Snapshot } from "./snapshot";
import type { Model } from "./step";

/** Records a student alone. */
export const recordingOf =
  (engine: Engine, student: Model): Recording =>
  (batch) =>
    Snapshot.compile(engine, { student }, batch);

/** A network's average precision on held-out images. Rejects with an EngineError when it is for others. */
export async function measure(engine: Engine, network: YolosNetwork, dataset: DetectionSet): Promise<number> {
  assertTakes(network, dataset);
  return (await withNetwork(engine, network, (record) => scoredBy(record, { dataset }))).map ?? 0;
}

/** What a network's precision on held-out images is lost to, class by class. */
export function errorsOf(network: Pick<YolosNetwork, "weights" | "config">, asked: Asked & Beside): Promise<Required<ErrorAnalysis>> {
  asked.signal?.throwIfAborted();
  return withNetwork(asked.engine, network, async (record) => errorAnalysis(await answersBy(record, asked), asked.dataset));
}

/** Works with a network that is on the GPU meanwhile. */
async function withNetwork<T>(
  engine: Engine,
  { weights, config }: Pick<YolosNetwork, "weights" | "config">,
  work: (record: Recording) => Promise<T>,
): Promise<T> {
  const params = new Params(engine, new Map(prefixed("student.", weights)));
  try {
    return await work(recordingOf(engine, { params, config }));
  } finally {
    params.destroy();
  }
}
