/** Images without labels: a network sees a few patches, and a decoder tells the others, or a teacher's tokens. */
import { Batches } from "../../data/batches";
import type { Dataset, Moments } from "../../data/dataset";
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
import { suited } from "../suited";
import type { HandedOver, LiveValues, OptimizerOptions, Progress, Report, Scores, Sources, Task, TraceOptions } from "../task";
import { type Aim, Features, Pixels } from "./aim";
import { type Autoencoder, cellsAcross } from "./autoencoder";
import { conflictsOf } from "./conflicts";
import { type Mask, MaskedInputs } from "./inputs";
import { maeAutoencoder, maeConfig } from "./mae";
import { assertSamePatches, type MaeNetwork } from "./network";
import { knob, type MimSettings } from "./settings";
import { Snapshot, type Told } from "./snapshot";
import { sparkAutoencoder, sparkConfig } from "./spark";
import { forward, type Parts } from "./step";

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
  private readonly aim: Aim;
  private readonly recorded = new Recorded<Snapshot>();

  /** Throws an EngineError when settings do not go together, or a teacher is brought along, is wanted, or has other patches. */
  constructor(
    private readonly engine: Engine,
    private readonly sources: Sources<Dataset, MaeNetwork>,
    settings: Settings,
    private readonly live: LiveValues,
  ) {
    this.settings = settings as MimSettings;
    const { dataset } = sources;
    this.network = networkOf(this.settings, sources);
    this.aim = this.aimed();
    this.params = new Params(engine, this.network.fresh(settings.seed));
    this.batches = new Batches(dataset, settings.batch, settings.seed);
    this.inputs = new MaskedInputs(engine, this.network.cut, settings.batch, this.batches.values);
  }

  /** What the decoder is to tell. */
  private aimed(): Aim {
    const { engine, network, settings } = this;
    const { dataset, teacher } = this.sources;
    if (!teacher) return new Pixels(engine, network, () => settings["mim.target"]);
    assertSamePatches(teacher, network.cut);
    const compared = () => ({ tokens: settings["g2sd.tokens"], layer: settings["g2sd.layer"] });
    return new Features(engine, { ...teacher, ...suited(teacher, dataset) }, compared);
  }

  get batch(): number {
    return this.settings.batch;
  }

  get grid(): Grid {
    const across = cellsAcross(this.network.cut);
    return [across, across];
  }

  private parts(): Omit<Parts, "inputs" | "crop"> {
    const { network, params, aim, settings } = this;
    return { network, params, aim, ratio: knob(settings, "ratio") };
  }

  trace(graph: Graph, { whole }: TraceOptions = {}) {
    const { seed } = this.settings;
    const { step, crop: least } = this.live;
    const { loss, seen } = forward(graph, { ...this.parts(), inputs: this.inputs, crop: { seed, step, least } });
    return { grads: graph.gradients((g) => loss.seed(1, g)), outputs: { loss: loss.value, ...(whole && seen) } };
  }

  load(step: number): void {
    this.inputs.load(this.batches.train.take(step).images, this.maskAt(step));
  }

  ahead(step: number): void {
    this.batches.train.prepare(step);
  }

  private maskAt(step: number): Mask {
    return { ratio: knob(this.settings, "ratio"), seed: this.settings.seed, step };
  }

  /** The one loss goes by the method's name. */
  report({ loss }: Fetched): Report {
    return { losses: { [this.settings.preset]: loss[0] }, rates: {} };
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
    const snapshot = await this.recorded.of(indices.length, () => Snapshot.compile(this.engine, this.parts(), indices.length));
    return snapshot.run(this.batches.load(this.sources.dataset.test, indices).images, this.maskAt(SHOWN_STEP));
  }

  /** How what is told in pictures was made: by the teacher where there is one. */
  get telling(): { normalised: boolean; moments: Moments } {
    const { teacher, dataset } = this.sources;
    const target = teacher?.target ?? this.settings["mim.target"];
    return { normalised: target === "normalised", moments: teacher?.moments ?? dataset.moments };
  }

  /** Encoder and decoder as they are now, for a project in PyTorch. */
  async handedOver(): Promise<HandedOver> {
    return this.network.handedOver(await this.params.read(), this.sources);
  }

  forget(): void {
    this.recorded.forget();
  }

  /** There is no teacher that would see more without a mask. */
  cost(): undefined {
    return undefined;
  }

  /** The encoder. */
  async weights(): Promise<Weights> {
    return this.network.encoder(await this.params.read());
  }

  /** What a student begins as, with its decoder where it may be a teacher. */
  async file(score?: number): Promise<Uint8Array> {
    return this.network.write(await this.params.read(), this.sources.dataset, { target: this.settings["mim.target"], score });
  }

  destroy(): void {
    this.forget();
    this.inputs.destroy();
    this.aim.destroy();
    this.params.destroy();
  }
}

/** Throws an EngineError for settings that cannot go together, and where there is a teacher that is not wanted, or none that is. */
function networkOf(settings: MimSettings, { dataset, teacher }: Sources<Dataset, MaeNetwork>): Autoencoder {
  const { side, channels } = dataset;
  if (teacher && settings.preset === "mim")
    throw new EngineError("mim takes no teacher: what is hidden is the answer.", "Leave the teacher out.");
  if (!teacher && settings.preset !== "mim")
    throw new EngineError(`${settings.preset} needs a masked autoencoder as its teacher.`, "Train one with preset=mim.");
  const [conflict] = Object.values(conflictsOf({ ...settings, side }));
  if (conflict) throw new EngineError(conflict, "Change one of these settings.");
  if (settings.backbone === "vit") return maeAutoencoder(maeConfig(settings, side, channels, teacher?.decoder.width));
  if (channels !== 3) throw new EngineError(`${settings.backbone} takes images of three channels, not of ${channels}.`, "Choose vit.");
  return sparkAutoencoder(sparkConfig(settings, side));
}
