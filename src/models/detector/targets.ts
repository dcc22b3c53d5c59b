/** The targets of a batch on the GPU: loaded for every batch, read by every run of a step. */
import type { Engine } from "../../engine/device";
import { type Graph, Live, type Tensor } from "../../engine/graph";
import type { ImageTargets, LevelTargets } from "./assign";
import { type DetectorConfig, priorCounts, strides } from "./config";
import { priors } from "./priors";

/** One pyramid level's targets and priors; what a loss of src/ops/detection.ts reads beside a head's answers. */
export interface TargetTensors {
  /** u32 [B, A]. */
  labels: Tensor;
  /** f32 [B, A, 4]. */
  boxes: Tensor;
  /** f32 [B, A]. */
  weights: Tensor;
  /** f32 [A, 4]. */
  anchors: Tensor;
  /** Pixels per cell. */
  stride: number;
}

const PARTS = ["labels", "boxes", "weights"] as const;
/** The alignment that WebGPU requires of a binding. */
const ALIGNMENT = 256;

/** Where the parts of each level lie in the buffer, in bytes. */
type Places = Record<(typeof PARTS)[number] | "anchors", { offset: number; count: number }>[];

export class Targets {
  /** What the classes' losses are divided by: positives, at least one for each image (FCOS: for the batch). */
  readonly positives = new Live(1);
  /** Sum of the positives' weights. */
  readonly weight = new Live(0);
  /** Positives on each level. */
  byLevel: readonly number[] = [];
  private readonly places: Places;
  private readonly host: ArrayBuffer;
  private readonly buffer: GPUBuffer;

  /** For batches of `batch` images. Takes one buffer: `destroy` gives it back. */
  constructor(
    private readonly engine: Engine,
    private readonly config: DetectorConfig,
    readonly batch: number,
  ) {
    let bytes = 0;
    const take = (count: number) => {
      const offset = bytes;
      bytes += Math.ceil((4 * count) / ALIGNMENT) * ALIGNMENT;
      return { offset, count };
    };
    this.places = priorCounts(config).map((count) => ({
      labels: take(batch * count),
      boxes: take(4 * batch * count),
      weights: take(batch * count),
      anchors: take(4 * count),
    }));
    this.host = new ArrayBuffer(bytes);
    for (const [l, anchors] of priors(config).entries()) new Float32Array(this.host, this.places[l].anchors.offset).set(anchors);
    this.buffer = engine.takeBuffer(bytes);
  }

  /** Uploads the targets of a batch, in one write. Throws unless there are as many images as `batch`. */
  load(images: readonly ImageTargets[]): void {
    if (images.length !== this.batch) throw new Error(`targets: ${images.length} images for a batch of ${this.batch}`);
    for (const [b, { levels }] of images.entries()) for (const [l, level] of levels.entries()) this.place(b, l, level);
    this.engine.device.queue.writeBuffer(this.buffer, 0, this.host);
    const least = this.config.kind === "fcos" ? 0 : 1;
    this.positives.value = Math.max(1, sum(images.map(({ positives }) => Math.max(least, positives))));
    this.byLevel = this.places.map((_, l) => sum(images.map(({ levels }) => levels[l].positives)));
    this.weight.value = sum(images.map(({ weight }) => weight));
  }

  private place(image: number, l: number, level: LevelTargets): void {
    for (const part of PARTS) {
      const { offset } = this.places[l][part];
      const values = level[part];
      const view = values instanceof Uint32Array ? new Uint32Array(this.host, offset) : new Float32Array(this.host, offset);
      view.set(values, image * values.length);
    }
  }

  /** As tensors of one graph, level by level. */
  on(graph: Graph): TargetTensors[] {
    const all = strides(this.config);
    return this.places.map(({ labels, boxes, weights, anchors }, l) => {
      const each = labels.count / this.batch;
      return {
        labels: graph.fixed(this.buffer, [this.batch, each], "u32", labels.offset),
        boxes: graph.fixed(this.buffer, [this.batch, each, 4], "f32", boxes.offset),
        weights: graph.fixed(this.buffer, [this.batch, each], "f32", weights.offset),
        anchors: graph.fixed(this.buffer, [each, 4], "f32", anchors.offset),
        stride: all[l],
      };
    });
  }

  destroy(): void {
    this.engine.giveBuffer(this.buffer);
  }
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
