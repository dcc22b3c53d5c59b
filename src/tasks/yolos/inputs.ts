/** What every run of a step reads: images, and the objects on them. */
import type { Engine } from "../../engine/device";
import { type Graph, Live, type Tensor } from "../../engine/graph";
import { area, type GroundTruth } from "../../geometry/boxes";
import type { YolosConfig } from "../../models/yolos/config";
import type { Objects } from "../../ops/setPrediction";

/** Takes buffers: `destroy` gives them back. */
export class YolosInputs {
  private readonly images: GPUBuffer;
  private readonly labels: GPUBuffer;
  private readonly boxes: GPUBuffer;
  private readonly count = new Live(0);

  constructor(
    private readonly engine: Engine,
    private readonly config: YolosConfig,
    readonly batch: number,
  ) {
    const { channels, image } = config.encoder;
    this.images = engine.takeBuffer(4 * batch * channels * image ** 2);
    this.labels = engine.takeBuffer(4 * batch * config.tokens);
    this.boxes = engine.takeBuffer(16 * batch * config.tokens);
  }

  /** Uploads normalised images f32 [B, S, S, C] and what is on them: of each as many objects as there are detection tokens, the largest. */
  load(images: Float32Array, truths: readonly GroundTruth[][]): void {
    const { tokens, classes, encoder } = this.config;
    const labels = new Uint32Array(this.batch * tokens).fill(classes);
    const boxes = new Float32Array(4 * labels.length);
    const learned = truths.map((all) => largest(all, tokens));
    for (const [b, objects] of learned.entries())
      for (const [i, { category, box }] of objects.entries()) {
        labels[b * tokens + i] = category;
        boxes.set(box, 4 * (b * tokens + i));
      }
    this.count.value = learned.reduce((sum, { length }) => sum + length, 0);
    const { queue } = this.engine.device;
    queue.writeBuffer(this.images, 0, planes(images, encoder.image ** 2, encoder.channels) as BufferSource);
    queue.writeBuffer(this.labels, 0, labels);
    queue.writeBuffer(this.boxes, 0, boxes);
  }

  on(graph: Graph): { images: Tensor; objects: Objects } {
    const { batch, config } = this;
    const { channels, image: side } = config.encoder;
    return {
      images: graph.fixed(this.images, [batch, channels, side, side]),
      objects: {
        labels: graph.fixed(this.labels, [batch, config.tokens], "u32"),
        boxes: graph.fixed(this.boxes, [batch, config.tokens, 4]),
        ...{ side, count: this.count },
      },
    };
  }

  destroy(): void {
    for (const buffer of [this.images, this.labels, this.boxes]) this.engine.giveBuffer(buffer);
  }
}

/** The objects that teach: no crowds, nothing difficult or without area, and of too many the largest. */
export function largest(truths: readonly GroundTruth[], most: number): GroundTruth[] {
  const all = truths.filter(({ box, crowd, difficult }) => !crowd && !difficult && area(box) > 0);
  return all.length > most ? all.toSorted((a, b) => area(b.box) - area(a.box)).slice(0, most) : all;
}

/** Images whose channels lie apart, as a transformer reads them. */
function planes(images: Float32Array, pixels: number, channels: number): Float32Array {
  const out = new Float32Array(images.length);
  for (let from = 0; from < images.length; from += channels * pixels)
    for (let c = 0; c < channels; c++) for (let i = 0; i < pixels; i++) out[from + c * pixels + i] = images[from + i * channels + c];
  return out;
}
