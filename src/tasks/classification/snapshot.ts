/** Looks at a batch without learning from it: predictions, saliency, the mask, attention per head. */
import type { Engine } from "../../engine/device";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { ask, choose, type KeepChoice, look } from "../../methods/classification/maskedkd";
import { saliency } from "../../ops/attention";
import type { Model } from "./step";

/** What was seen, all row-major. */
export interface Views {
  /** Student's logits [B, K]. */
  logits: Float32Array;
  /** Class-token attention per head of the student's last block [B, H, N]. */
  attention: Float32Array;
  /** With a teacher that sees a choice of patches: scores [B, N], the kept patches u32 [B, k] and its logits [B, K]. */
  score?: Float32Array;
  kept?: Uint32Array;
  teacherLogits?: Float32Array;
}

export interface ProbeOptions {
  student: Model;
  batch: number;
  teacher?: Model;
  keep?: KeepChoice;
}

export class Probe {
  private constructor(
    private readonly engine: Engine,
    readonly batch: number,
    private readonly images: GPUBuffer,
    private readonly program: Program,
  ) {}

  static async compile(engine: Engine, { student, batch, teacher, keep }: ProbeOptions): Promise<Probe> {
    const { channels, image } = student.config;
    const buffer = engine.takeBuffer(4 * batch * channels * image ** 2);
    const graph = new Graph(engine);
    const images = graph.fixed(buffer, [batch, channels, image, image]);
    const seen = look({ params: student.params.on(graph, false), config: student.config }, images, keep);
    const last = seen.attention[seen.attention.length - 1];
    const outputs: Record<string, Tensor> = { logits: seen.logits, attention: saliency(last, { perHead: true }) };
    if (teacher && keep) {
      const choice = choose({ student, teacher }, images, seen, keep);
      const { logits } = ask(teacher, images, keep.masked === "student" ? undefined : choice.kept);
      Object.assign(outputs, { teacherLogits: logits, ...choice });
    }
    return new Probe(engine, batch, buffer, await Program.compile(graph, outputs));
  }

  /** Looks at normalised images [B, C, side, side]. */
  async run(images: Float32Array): Promise<Views> {
    this.engine.device.queue.writeBuffer(this.images, 0, images as BufferSource);
    return (await this.program.fetch()) as unknown as Views;
  }

  destroy(): void {
    this.program.dispose();
    this.engine.giveBuffer(this.images);
  }
}
