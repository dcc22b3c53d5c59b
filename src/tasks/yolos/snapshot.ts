/** A forward pass of some images that learns nothing from them: what is found, and the mask. */
import type { Engine } from "../../engine/device";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { Fetched } from "../../engine/readback";
import type { Detection, GroundTruth } from "../../geometry/boxes";
import type { YolosConfig } from "../../models/yolos/config";
import { detectionsOf } from "../../models/yolos/decode";
import { yolos } from "../../models/yolos/yolos";
import { YolosInputs } from "./inputs";
import { choose, inside, type Parts } from "./step";

/** What was seen, image by image. */
export interface Outputs {
  /** Objects, best first; and those that the teacher finds that sees every patch. */
  student: Detection[][];
  teacher?: Detection[][];
  /** With a teacher that sees a choice of patches: scores [B, N] and the kept patches u32 [B, k]. */
  score?: Float32Array;
  kept?: Uint32Array;
}

/** Recorded once for so many images. Takes buffers: `destroy` gives them back. */
export class Snapshot {
  private constructor(
    readonly batch: number,
    private readonly configs: { student: YolosConfig; teacher?: YolosConfig },
    private readonly inputs: YolosInputs,
    private readonly program: Program,
  ) {}

  static async compile(engine: Engine, { student, distillation }: Parts, batch: number): Promise<Snapshot> {
    const inputs = new YolosInputs(engine, student.config, batch);
    const graph = new Graph(engine);
    const { images } = inputs.on(graph);
    const seen = yolos(inside("student.", student.params.on(graph, false)), student.config, images);
    const outputs: Record<string, Tensor> = { logits: seen.logits, boxes: seen.boxes };
    if (distillation) {
      const { teacher } = distillation;
      const whole = yolos(teacher.params.on(graph, false), teacher.config, images);
      Object.assign(outputs, { teacherLogits: whole.logits, teacherBoxes: whole.boxes }, choose(distillation, images, seen));
    }
    try {
      const configs = { student: student.config, teacher: distillation?.teacher.config };
      return new Snapshot(batch, configs, inputs, await Program.compile(graph, outputs));
    } catch (error) {
      inputs.destroy();
      throw error;
    }
  }

  /** Sees normalised images f32 [B, S, S, 3]. */
  async run(images: Float32Array, truths: readonly GroundTruth[][]): Promise<Outputs> {
    this.inputs.load(images, truths);
    const found = await this.program.fetch();
    const { student, teacher } = this.configs;
    return {
      student: detections(student, found, "logits", "boxes", this.batch),
      ...(teacher && { teacher: detections(teacher, found, "teacherLogits", "teacherBoxes", this.batch) }),
      ...(found.kept && { kept: found.kept as Uint32Array, score: found.score as Float32Array }),
    };
  }

  destroy(): void {
    this.program.dispose();
    this.inputs.destroy();
  }
}

function detections(config: YolosConfig, found: Fetched, logits: string, boxes: string, batch: number): Detection[][] {
  const rows = (name: string, b: number, each: number) =>
    (found[name] as Float32Array).subarray(b * config.tokens * each, (b + 1) * config.tokens * each);
  return Array.from({ length: batch }, (_, b) => detectionsOf(config, rows(logits, b, config.classes + 1), rows(boxes, b, 4)));
}
