/** A forward pass of some images that learns nothing from them: the class of every pixel, and the mask. */
import type { Engine } from "../../engine/device";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { segmenter } from "../../models/segmenter/segmenter";
import { argmax } from "../../ops/segmentation";
import { choose, type Distillation, type Model, pixelsOf } from "./step";

/** What was seen, all row-major. */
export interface Outputs {
  /** Classes of the pixels as the student has them, u32 [B * S * S]; and as the teacher has them that sees every patch. */
  student: Uint32Array;
  teacher?: Uint32Array;
  /** With a teacher that sees a choice of patches: scores [B, N] and the kept patches u32 [B, k]. */
  score?: Float32Array;
  kept?: Uint32Array;
}

export interface SnapshotOptions {
  student: Model;
  batch: number;
  distillation?: Distillation;
}

/** Recorded once for so many images. Takes a buffer: `destroy` gives it back. */
export class Snapshot {
  private constructor(
    private readonly engine: Engine,
    readonly batch: number,
    private readonly images: GPUBuffer,
    private readonly program: Program,
  ) {}

  static async compile(engine: Engine, { student, batch, distillation }: SnapshotOptions): Promise<Snapshot> {
    const { channels, image } = student.config.encoder;
    const buffer = engine.takeBuffer(4 * batch * channels * image ** 2);
    const graph = new Graph(engine);
    const images = graph.fixed(buffer, [batch, channels, image, image]);
    const answer = ({ params, config }: Model) => segmenter(params.on(graph, false), config, images);
    const seen = answer(student);
    const outputs: Record<string, Tensor> = { student: argmax(pixelsOf(seen.logits, student.config)) };
    if (distillation) {
      const { teacher } = distillation;
      outputs.teacher = argmax(pixelsOf(answer(teacher).logits, teacher.config));
      Object.assign(outputs, choose(distillation, images, seen));
    }
    return new Snapshot(engine, batch, buffer, await Program.compile(graph, outputs));
  }

  /** Sees normalised images [B, 3, side, side]. */
  async run(images: Float32Array): Promise<Outputs> {
    this.engine.device.queue.writeBuffer(this.images, 0, images as BufferSource);
    return (await this.program.fetch()) as unknown as Outputs;
  }

  destroy(): void {
    this.program.dispose();
    this.engine.giveBuffer(this.images);
  }
}
