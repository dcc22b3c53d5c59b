/** Images without labels: a vision transformer sees a few patches, and a decoder tells the others. */
import { Batches } from "../../data/batches";
import type { Dataset } from "../../data/dataset";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import type { Graph } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import { packBits } from "../../metrics/bits";
import { mean } from "../../metrics/verdicts";
import { encoderOf, initMae, type MaeConfig } from "../../models/mae";
import type { Grid } from "../../models/model";
import { Params } from "../../models/params";
import { gridOf, type ViTConfig } from "../../models/vit/config";
import type { Weights } from "../../models/weights";
import type { Settings } from "../../settings/run";
import { told } from "../dino/evaluate";
import { Recorded } from "../recorded";
import type { HandedOver, LiveValues, OptimizerOptions, Progress, Report, Scores, Sources, Task, TraceOptions } from "../task";
import type { Network } from "../vitNetwork";
import { conflictsOf } from "./conflicts";
import { handedOver } from "./handover";
import { MaskedInputs } from "./inputs";
import type { MimSettings } from "./settings";
import { Snapshot, type Told } from "./snapshot";
import { forward, type Parts, TargetScale } from "./step";

/** Pictures are masked as in this step, so that they can be compared over a run. */
const SHOWN_STEP = 0;

export class MaskedModelling implements Task<Told> {
  /** MAE's second decay rate; matrices and embeddings decay. */
  readonly optimizer: Omit<OptimizerOptions, "kind"> = { beta2: 0.95, decays: (_, shape) => shape.length > 1 };
  readonly params: Params;
  readonly mae: MaeConfig;
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
    this.mae = configOf(this.settings, dataset);
    this.params = new Params(engine, initMae(this.mae, settings.seed));
    this.batches = new Batches(dataset, settings.batch, settings.seed);
    this.inputs = new MaskedInputs(engine, this.config, settings.batch);
    this.scale = new TargetScale(engine, dataset.channels * this.config.patch ** 2);
  }

  get batch(): number {
    return this.settings.batch;
  }

  /** Of the encoder. */
  get config(): ViTConfig {
    return this.mae.encoder;
  }

  get grid(): Grid {
    return gridOf(this.config);
  }

  private parts(): Omit<Parts, "inputs" | "crop"> {
    const { params, scale, settings } = this;
    return { config: this.mae, params, scale, ratio: settings["mim.ratio"], target: settings["mim.target"] };
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
    const { knn, linear } = await told(this.engine, { params: this.params, config: this.config }, dataset, limit, progress);
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
    return handedOver(await this.params.read(), this.mae, this.sources.dataset);
  }

  forget(): void {
    this.recorded.forget();
  }

  /** There is no teacher that would see less. */
  cost(): undefined {
    return undefined;
  }

  /** The encoder: a ViT without a head. */
  async weights(): Promise<Weights> {
    return encoderOf(await this.params.read(), this.mae);
  }

  destroy(): void {
    this.forget();
    this.inputs.destroy();
    this.scale.destroy();
    this.params.destroy();
  }
}

/** Throws an EngineError for settings that cannot go together. */
function configOf(settings: MimSettings, { side, channels }: Dataset): MaeConfig {
  const [conflict] = Object.values(conflictsOf({ ...settings, side }));
  if (conflict) throw new EngineError(conflict, "Change one of these settings.");
  const { width, depth, heads, patch } = settings;
  return {
    encoder: {
      ...{ image: side, patch, channels, classes: 0, width, depth, heads, headDim: width / heads, mlp: 4 * width },
      ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
    },
    decoder: { width: settings["mim.decoderWidth"], depth: settings["mim.decoderDepth"], heads: settings["mim.decoderHeads"] },
  };
}
