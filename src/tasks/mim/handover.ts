/** What a project in PyTorch has of a run of masked image modelling; the project's own files are in `python/mim`. */
import type { Dataset } from "../../data/dataset";
import type { Fetched } from "../../engine/readback";
import type { MaeConfig } from "../../models/mae";
import { type Writable, writeSafetensors } from "../../models/safetensors";
import { imageShape } from "../../models/vit/config";
import type { Weights } from "../../models/weights";
import type { HandedOver } from "../task";

/** Encoder and decoder are the one network that learns. */
export function handedOver(weights: Weights, config: MaeConfig, dataset: Dataset): HandedOver {
  return {
    folders: ["vit", "crops", "unlabelled", "mim"],
    networks: { student: { bytes: writeSafetensors(weights, { format: "pt" }), config } },
    facts: { classes: dataset.classes, ...dataset.moments },
    batch: (outputs) => batchOf(outputs, imageShape(config.encoder)),
  };
}

/** Images [B, C, S, S] as they are cropped, and the patches that are left of each [B, k]. */
function batchOf({ images, kept }: Fetched, shape: number[]): Record<string, Writable> {
  const batch = images.length / shape.reduce((product, n) => product * n);
  return {
    images: { shape: [batch, ...shape], data: images as Float32Array },
    kept: { shape: [batch, kept.length / batch], data: Int32Array.from(kept) },
  };
}
