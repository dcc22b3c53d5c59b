/** Images without labels: a vision transformer sees a few patches, and a decoder tells the others. */
import { Batches } from "../../data/batches";
import type { Dataset } from "../../data/dataset";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import type { Graph } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import { packBits } from "../../metrics/bits";
import { mean } from "../../metrics/verdicts";
import type { Grid } from "../../models/model";
import { Params } from "../../models/params";
import type { Weights } from "../../models/weights";
import type { Settings } from "../../settings/run";
import { told } from "../dino/evaluate";
import { Recorded } from "../recorded";
import type { HandedOver, LiveValues, OptimizerOptions, Progress, Report, Scores, Sources, Task, TraceOptions } from "../task";
import type { Network } from "../vitNetwork";
import { type Autoencoder, cellsAcross } from "./autoencoder";
import { conflictsOf } from "./conflicts";
import { MaskedInputs } from "./inputs";
import { maeAutoencoder, maeConfig } from "./mae";
import type { MimSettings } from "./settings";
import { Snapshot, type Told } from "./snapshot";
import { sparkAutoencoder, sparkConfig } from "./spark";
import { forward, type Parts, TargetScale } from "./step";

/** Pictures are masked as in this step, so that they can be compared over a run. */
const SHOWN_STEP = 0;

export class MaskedModelling implements Task<Told> {
  /** MAE's second decay rate; matrices and embeddings decay. */
  readonly optimizer: Omit<OptimizerOptions, "kind"> = { beta2: 0.95, decays: (_, shape) => shape.length > 1 };
  readonly params: Params;
  readonly network: Autoencoder;
  lastRight?: Uint8Array;
  private readonly settings: MimSettings;
  private readonly batches: Batches;
  private readonly inputs: MaskedInputs;
  private readonly scale: TargetScale;
  private readonly recorded = new Recorded<Snapshot>();

  /** Throws an EngineError when settings do not go together, or a teacher is brought along. */
  constructor(
    private readonly engine: Engine,
    private readonly sources: Sources<Dataset, Network>,
    settings: Settings,
    private readonly live: LiveValues,
  ) {
    this.settings = settings as MimSettings;
    const { dataset, teacher } = sources;
    if (teacher) throw new EngineError(`${settings.preset} takes no teacher: what is hidden is the answer.`, "Leave the teacher out.");
    this.network = networkOf(this.settings, dataset);
    this.params = new Params(engine, this.network.fresh(settings.seed));
    this.batches = new Batches(dataset, settings.batch, settings.seed);
    const { cut } = this.network;
    this.inputs = new MaskedInputs(engine, cut, settings.batch);
    this.scale = new TargetScale(engine, dataset.channels * cut.patch ** 2);
  }

  get batch(): number {
    return this.settings.batch;
  }

  get grid(): Grid {
    const across = cellsAcross(this.network.cut);
    return [across, across];
  }

  private parts(): Omit<Parts, "inputs" | "crop"> {
    const { network, params, scale, settings } = this;
    return { network, params, scale, ratio: settings["mim.ratio"], target: settings["mim.target"] };
  }

  trace(graph: Graph, { whole }: TraceOptions = {}) {
    const { seed } = this.settings;
    const { step, crop: least } = this.live;
    const { loss, seen } = forward(graph, { ...this.parts(), inputs: this.inputs, crop: { seed, step, least } });
    return { grads: graph.gradients((g) => loss.seed(1, g)), outputs: { mim: loss.value, ...(whole && seen) } };
  }

  load(step: number): void {
    const { seed, "mim.ratio": ratio } = this.settings;
    this.inputs.load(this.batches.train.take(step).images, { ratio, seed, step });
  }

  ahead(step: number): void {
    this.batches.train.prepare(step);
  }

  report({ mim }: Fetched): Report {
    return { losses: { mim: mim[0] }, rates: {} };
  }

  /** Of the encoder's features, on held-out images: the share that a linear classifier, and their nearest neighbours, name right. */
  async evaluate(limit: number, progress?: Progress): Promise<Scores> {
    const { dataset } = this.sources;
    const { knn, linear } = await told(this.engine, this.network.features(this.params), dataset, limit, progress);
    if (limit >= dataset.test.count) this.lastRight = linear;
    return { linear_top1: mean(linear), knn_top1: mean(knn) };
  }

  /** Scores on all held-out images; `whole` adds which images the linear classifier names right. */
  async outcome({ whole = false } = {}): Promise<Record<string, unknown>> {
    const scores = await this.evaluate(Number.POSITIVE_INFINITY);
    return { ...scores, ...(whole && this.lastRight && { right: packBits(this.lastRight) }) };
  }

  /** What is told of these held-out images, always under the same mask. */
  async snapshot(indices: number[]): Promise<Told> {
    const { seed, "mim.ratio": ratio } = this.settings;
    const snapshot = await this.recorded.of(indices.length, () => Snapshot.compile(this.engine, this.parts(), indices.length));
    return snapshot.run(this.batches.load(this.sources.dataset.test, indices).images, { ratio, seed, step: SHOWN_STEP });
  }

  /** Encoder and decoder as they are now, for a project in PyTorch. */
  async handedOver(): Promise<HandedOver> {
    return this.network.handedOver(await this.params.read(), this.sources.dataset);
  }

  forget(): void {
    this.recorded.forget();
  }

  /** There is no teacher that would see less. */
  cost(): undefined {
    return undefined;
  }

  /** The encoder. */
  async weights(): Promise<Weights> {
    return this.network.encoder(await this.params.read());
  }

  destroy(): void {
    this.forget();
    this.inputs.destroy();
    this.scale.destroy();
    this.params.destroy();
  }
}

/** Throws an EngineError for settings that cannot go together. */
function networkOf(settings: MimSettings, { side, channels }: Dataset): Autoencoder {
  const [conflict] = Object.values(conflictsOf({ ...settings, side }));
  if (conflict) throw new EngineError(conflict, "Change one of these settings.");
  if (settings.backbone === "vit") return maeAutoencoder(maeConfig(settings, side, channels));
  if (channels !== 3) throw new EngineError(`${settings.backbone} takes images of three channels, not of ${channels}.`, "Choose vit.");
  return sparkAutoencoder(sparkConfig(settings, side));
}
