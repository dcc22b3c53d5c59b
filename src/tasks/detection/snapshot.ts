/** A forward pass of student and teacher on some images, with the method's pictures: recorded once, updates nothing. */
import type { Engine } from "../../engine/device";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { Fetched } from "../../engine/readback";
import type { Detection, GroundTruth } from "../../geometry/boxes";
import { mapName, type View } from "../../methods/method";
import type { DetectorConfig } from "../../models/detector/config";
import { decode, type LevelOutputs } from "../../models/detector/decode";
import type { DetectorResult } from "../../models/detector/detector";
import { absolutePixelMeans } from "../../ops/regions";
import { DetectorInputs, forward, type Parts } from "./step";
import type { MapOf } from "./views";

/** What is found on some images, best first for each, and the maps that lead there. */
export interface DetectorViews {
  student: Detection[][];
  teacher?: Detection[][];
  maps: MapOf[];
}

/** A recorded snapshot of `batch` images. */
export class DetectorSnapshot {
  private constructor(
    readonly batch: number,
    private readonly parts: Parts,
    private readonly inputs: DetectorInputs,
    private readonly program: Program,
    private readonly maps: readonly Omit<MapOf, "data">[],
  ) {}

  static async compile(engine: Engine, parts: Parts, batch: number): Promise<DetectorSnapshot> {
    const inputs = new DetectorInputs(engine, parts.config, batch);
    const graph = new Graph(engine);
    const { student, teacher, distilled } = forward(graph, { ...parts, inputs, trainable: false });
    const views = [...(distilled?.views ?? []), ...strengths("student", student), ...(teacher ? strengths("teacher", teacher) : [])];
    const tensors = Object.fromEntries(views.map((view) => [mapName(view), view.tensor]));
    const outputs = { ...answers("student", student), ...(teacher && answers("teacher", teacher)), ...tensors };
    const maps = views.map(({ view, at, tensor: { shape } }) => ({ view, at, shape }));
    try {
      return new DetectorSnapshot(batch, parts, inputs, await Program.compile(graph, outputs), maps);
    } catch (error) {
      inputs.destroy();
      throw error;
    }
  }

  /** Of normalised images f32 [B, S, S, 3] with what is on them. */
  async run(images: Float32Array, truths: readonly GroundTruth[][]): Promise<DetectorViews> {
    this.inputs.load(images, truths);
    const found = await this.program.fetch();
    const { config, distillation } = this.parts;
    const teacher = distillation?.teacher?.config;
    return {
      student: detections(config, found, "student", this.batch),
      ...(teacher && { teacher: detections(teacher, found, "teacher", this.batch) }),
      maps: this.maps.map((map) => ({ ...map, data: found[mapName(map)] as Float32Array })),
    };
  }

  destroy(): void {
    this.program.dispose();
    this.inputs.destroy();
  }
}

/** Mean |F| over the channels of every pyramid level, [B, H, W]. */
function strengths(view: "student" | "teacher", { pyramid }: DetectorResult): View[] {
  return pyramid.map((map, level) => ({ view, at: { level }, tensor: absolutePixelMeans(map, 1) }));
}

const PARTS = ["cls", "box", "centerness"] as const;

/** A head's answers, under names that no map has. */
function answers(who: string, { levels }: DetectorResult): Record<string, Tensor> {
  const entries = levels.flatMap((level, l) =>
    PARTS.flatMap((part) => (level[part] ? [[`${who} ${part} ${l}`, level[part]] as const] : [])),
  );
  return Object.fromEntries(entries);
}

function detections(config: DetectorConfig, found: Fetched, who: string, batch: number): Detection[][] {
  const levels = Array.from({ length: config.levels }, (_, l): LevelOutputs => {
    const [cls, box, centerness] = PARTS.map((part) => found[`${who} ${part} ${l}`] as Float32Array);
    return { cls, box, centerness };
  });
  return Array.from({ length: batch }, (_, image) => decode(config, levels, image));
}
