/** What a project in PyTorch has of a run of self-distillation; the project's own files are in `python/dino`. */
import type { Dataset } from "../../data/dataset";
import type { Fetched } from "../../engine/readback";
import type { ProjectionConfig } from "../../models/projection";
import { type Writable, writeSafetensors } from "../../models/safetensors";
import type { ViTConfig } from "../../models/vit/config";
import type { Weights } from "../../models/weights";
import type { HandedOver } from "../task";

/** Both networks: the ViT under timm's names, the projection head under DINO's; with the teacher's, the centre. */
interface Configs {
  vit: ViTConfig;
  head: ProjectionConfig;
}

/** `small` is the side of small crops, in pixels. */
export function handedOver(networks: Record<"student" | "teacher", Weights>, config: Configs, small: number, dataset: Dataset): HandedOver {
  return {
    folders: ["vit", "crops", "unlabelled", "dino"],
    networks: Object.fromEntries(
      Object.entries(networks).map(([role, weights]) => [role, { bytes: writeSafetensors(weights, { format: "pt" }), config }]),
    ),
    facts: { classes: dataset.classes, ...dataset.moments },
    batch: (outputs) => batchOf(outputs, config.vit, small),
  };
}

/** Crops as the teacher sees them [2 * B, C, S, S], small ones [n * B, C, s, s], and the patches that were shown [2 * B, k] where not all were. */
function batchOf({ global, local, kept }: Fetched, { channels, image }: ViTConfig, small: number): Record<string, Writable> {
  const crops = (data: Fetched[string], side: number) => {
    const shape = [data.length / (channels * side ** 2), channels, side, side];
    return { shape, data: data as Float32Array };
  };
  const views = crops(global, image);
  const [count] = views.shape;
  return {
    global: views,
    ...(local && { local: crops(local, small) }),
    ...(kept && { kept: { shape: [count, kept.length / count], data: Int32Array.from(kept) } }),
  };
}
