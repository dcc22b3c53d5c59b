/** What a project in PyTorch has of a run of detection by transformer; the project's own files are in `python/yolos`. */
import type { DetectionSet } from "../../data/detection";
import type { Fetched } from "../../engine/readback";
import { type Writable, writeSafetensors } from "../../models/safetensors";
import type { Weights } from "../../models/weights";
import type { YolosConfig } from "../../models/yolos/config";
import { below } from "../detection/step";
import type { HandedOver } from "../task";
import { writeNetwork } from "./network";

type Weighed = { weights: Weights; config: YolosConfig };

/** `learned` has the student's parameters under `student.`, the projection of its tokens under `kd.`. */
export function handedOver(learned: Weighed, teacher: Weighed | undefined, dataset: DetectionSet): HandedOver {
  const { config } = learned;
  const networks = Object.entries({ student: { weights: below("student.", learned.weights), config }, ...(teacher && { teacher }) });
  const modules = { bytes: writeSafetensors(below("kd.", learned.weights), { format: "pt" }), config: {} };
  return {
    folders: ["vit", "squares", "objects", "yolos"],
    networks: {
      ...Object.fromEntries(networks.map(([role, one]) => [role, { bytes: writeNetwork(one, dataset), config: one.config }])),
      ...(teacher && { modules }),
    },
    facts: { classes: dataset.classes, ...dataset.moments },
    batch: (outputs) => batchOf(outputs, config),
  };
}

/** Images [B, 3, S, S]; of G objects classes [B, G] and corners [B, G, 4]; the patches that were shown [B, k] where not all were. */
function batchOf({ images, labels, boxes, kept }: Fetched, { encoder, tokens }: YolosConfig): Record<string, Writable> {
  const { channels, image } = encoder;
  const batch = images.length / (channels * image ** 2);
  const counts = (data: Fetched[string]) => ({ shape: [batch, data.length / batch], data: Int32Array.from(data) });
  return {
    images: { shape: [batch, channels, image, image], data: images as Float32Array },
    labels: counts(labels),
    boxes: { shape: [batch, tokens, 4], data: boxes as Float32Array },
    ...(kept && { kept: counts(kept) }),
  };
}
