/** A forward pass of some images that learns nothing from them: predictions, saliency, the mask, attention per head. */
import type { Engine } from "../../engine/device";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { forwardStudent, forwardTeacher, type KeepChoice, patchScores, selectPatches } from "../../methods/vitMasking";
import { imageShape } from "../../models/vit/config";
import type { Model } from "./step";

/** What was seen, all row-major. */
export interface Outputs {
  /** Student's logits [B, K]. */
  logits: Float32Array;
  /** Class-token attention per head of the student's last block [B, H, n]. */
  attention: Float32Array;
  /** What patches are ranked by [B, N]; where all are shown only if asked for, and never what chance would draw. */
  score?: Float32Array;
  /** With a teacher: the kept patches u32 [B, k], where not all are, and its logits [B, K]. */
  kept?: Uint32Array;
  teacherLogits?: Float32Array;
}

export interface SnapshotOptions {
  student: Model;
  batch: number;
  teacher?: Model;
  keep?: KeepChoice;
  /** Tell the scores of patches where all are shown, too. */
  scores?: boolean;
}

/** Recorded once for so many images. Takes a buffer: `destroy` gives it back. */
export class Snapshot {
  private constructor(
    private readonly engine: Engine,
    readonly batch: number,
    private readonly images: GPUBuffer,
    private readonly program: Program,
  ) {}

  static async compile(engine: Engine, { student, batch, teacher, keep, scores }: SnapshotOptions): Promise<Snapshot> {
    const shape = imageShape(student.config);
    const buffer = engine.takeBuffer(4 * batch * shape.reduce((a, b) => a * b));
    const graph = new Graph(engine);
    const images = graph.fixed(buffer, [batch, ...shape]);
    const seen = forwardStudent({ params: student.params.on(graph, false), config: student.config }, images, keep);
    const outputs: Record<string, Tensor> = { logits: seen.logits, attention: seen.saliency({ perHead: true }) };
    if (teacher && keep) {
      const choice = selectPatches({ student, teacher }, images, seen, keep);
      const kept = keep.masked === "student" ? undefined : choice.kept;
      const { logits } = forwardTeacher(teacher, images, { kept, merge: keep.merge });
      Object.assign(outputs, { teacherLogits: logits, ...choice });
    }
    if (scores && keep && !outputs.score) {
      const score = patchScores({ student, teacher }, images, seen, keep);
      if (score) outputs.score = score;
    }
    return new Snapshot(engine, batch, buffer, await Program.compile(graph, outputs));
  }

  /** Sees normalised images [B, C, rows, columns]. */
  async run(images: Float32Array): Promise<Outputs> {
    this.engine.device.queue.writeBuffer(this.images, 0, images as BufferSource);
    return (await this.program.fetch()) as unknown as Outputs;
  }

  destroy(): void {
    this.program.dispose();
    this.engine.giveBuffer(this.images);
  }
}
