/** A forward pass of some images that learns nothing: attention of student and teacher, crops, and the patches of them that are kept. */
import type { Engine } from "../../engine/device";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { forwardStudent, forwardTeacher, type KeepChoice, selectPatches } from "../../methods/vitMasking";
import { type CropSettings, cropsOf } from "./crops";
import type { Model } from "./step";

/** What was seen, all row-major. */
export interface Outputs {
  /** Class-token attention of the last block to the patches of whole images, mean over heads [B, N]. */
  student: Float32Array;
  teacher: Float32Array;
  /** Where not all patches are kept: those of whole images u32 [B, k], and of the global crops [2 * B, k]. */
  kept?: Uint32Array;
  keptOfCrops?: Uint32Array;
  /** Crops, normalised: [2 * B, C, S, S] and, where there are any, [n * B, C, s, s]. */
  global: Float32Array;
  local?: Float32Array;
}

export interface SnapshotOptions {
  student: Model;
  teacher: Model;
  batch: number;
  crops: CropSettings;
  keep: KeepChoice;
}

/** Recorded once for so many images. Takes a buffer: `destroy` gives it back. */
export class Snapshot {
  private constructor(
    private readonly engine: Engine,
    readonly batch: number,
    private readonly images: GPUBuffer,
    private readonly program: Program,
  ) {}

  static async compile(engine: Engine, o: SnapshotOptions): Promise<Snapshot> {
    const { student, teacher, batch, keep } = o;
    const { channels, image } = student.config;
    const buffer = engine.takeBuffer(4 * batch * channels * image ** 2);
    const graph = new Graph(engine);
    const images = graph.fixed(buffer, [batch, channels, image, image]);
    const crops = cropsOf(images, o.crops);
    const whole = look(o, images);
    const { kept: keptOfCrops } = look(o, crops.global);
    const outputs: Record<string, Tensor> = {
      student: whole.seen.saliency(),
      teacher: forwardTeacher(teacher, images).saliency(),
      ...(whole.kept && { kept: whole.kept }),
      ...(keptOfCrops && { keptOfCrops }),
      ...crops,
    };
    return new Snapshot(engine, batch, buffer, await Program.compile(graph, outputs));

    function look({ student, teacher }: SnapshotOptions, of: Tensor) {
      const seen = forwardStudent({ params: student.params.on(graph, false), config: student.config }, of, keep);
      return { seen, kept: selectPatches({ student, teacher }, of, seen, keep).kept };
    }
  }

  /** Sees normalised images [B, C, side, side]. */
  async run(images: Float32Array): Promise<Outputs> {
    this.engine.device.queue.writeBuffer(this.images, 0, images as BufferSource);
    return (await this.program.fetch()) as unknown as Outputs;
  }

  destroy(): void {
    this.program.dispose();
    this.engine.giveBuffer(this.images);
  }
}
