/** What a project in PyTorch has of a run of masked image modelling; the project's own files are in `python/mim`. */
import type { Dataset } from "../../data/dataset";
import type { Fetched } from "../../engine/readback";
import type { MaeConfig } from "../../models/mae";
import { type Writable, writeSafetensors } from "../../models/safetensors";
import { imageShape } from "../../models/vit/config";
import type { Weights } from "../../models/weights";
import { suited } from "../suited";
import type { HandedOver, Sources } from "../task";
import type { MaeNetwork } from "./network";

/** Encoder and decoder are the one network that learns; a teacher is of two such parts, too. */
export function handedOver(weights: Weights, config: MaeConfig, { dataset, teacher }: Sources<Dataset, MaeNetwork>): HandedOver {
  const file = (of: Weights) => writeSafetensors(of, { format: "pt" });
  const taught = teacher && {
    ...{ bytes: file(suited(teacher, dataset).weights), config: { encoder: teacher.config, decoder: teacher.decoder } },
  };
  return {
    folders: ["vit", "crops", "unlabelled", "mim"],
    networks: { student: { bytes: file(weights), config }, ...(taught && { teacher: taught }) },
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
