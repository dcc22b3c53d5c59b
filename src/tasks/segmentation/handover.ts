/** What a project in PyTorch has of a run of segmentation; the project's own files are in `python/segmentation`. */
import type { SegmentationSet } from "../../data/segmentation";
import type { Fetched } from "../../engine/readback";
import type { Writable } from "../../models/safetensors";
import type { SegmenterConfig } from "../../models/segmenter/config";
import type { Weights } from "../../models/weights";
import type { HandedOver } from "../task";
import { writeNetwork } from "./network";

type Weighed = { weights: Weights; config: SegmenterConfig };

export function handedOver(student: Weighed, teacher: Weighed | undefined, dataset: SegmentationSet): HandedOver {
  const networks = Object.entries({ student, ...(teacher && { teacher }) });
  return {
    folders: ["vit", "squares", "segmentation"],
    networks: Object.fromEntries(networks.map(([role, one]) => [role, { bytes: writeNetwork(one, dataset), config: one.config }])),
    facts: { classes: dataset.classes, ...dataset.moments },
    batch: (outputs) => batchOf(outputs, dataset.side),
  };
}

/** Images [B, 3, S, S], labels of pixels [B, S, S], and the patches that were shown [B, k] where not all were. */
function batchOf({ images, labels, kept }: Fetched, side: number): Record<string, Writable> {
  const batch = images.length / (3 * side ** 2);
  const counts = (data: Fetched[string], shape: number[]) => ({ shape: [batch, ...shape], data: Int32Array.from(data) });
  return {
    images: { shape: [batch, 3, side, side], data: images as Float32Array },
    labels: counts(labels, [side, side]),
    ...(kept && { kept: counts(kept, [kept.length / batch]) }),
  };
}
