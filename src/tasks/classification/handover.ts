/** What a project in PyTorch has of a run of classification; the project's own files are in `python/classification`. */
import type { Pictures } from "../../data/dataset";
import type { Fetched } from "../../engine/readback";
import type { Writable } from "../../models/safetensors";
import { imageShape } from "../../models/vit/config";
import type { HandedOver } from "../task";
import { type Network, writeNetwork } from "../vitNetwork";

type Weighed = Pick<Network, "weights" | "config">;

/** A run's networks, as they were fitted to its data. */
export interface Networks {
  student: Weighed;
  teacher?: Weighed;
  guide?: Weighed;
}

/** `folders` of `python/` besides classification's are those of the kind of pictures. */
export function handedOver(networks: Networks, dataset: Pictures, folders: readonly string[]): HandedOver {
  const present = Object.entries(networks).filter((entry): entry is [string, Weighed] => entry[1] !== undefined);
  const shape = imageShape(networks.student.config);
  return {
    folders: ["vit", "crops", "classification", ...folders],
    networks: Object.fromEntries(
      present.map(([role, network]) => [role, { bytes: writeNetwork(network, dataset), config: network.config }]),
    ),
    facts: { classes: dataset.classes, ...dataset.moments },
    batch: (outputs) => batchOf(outputs, dataset.classes.length, shape),
  };
}

/** Images [B, C, rows, columns], labels [B] or weights of classes [B, K], and the patches that were shown [B, k] where not all were. */
function batchOf({ images, labels, targets, kept }: Fetched, classes: number, shape: number[]): Record<string, Writable> {
  const batch = images.length / shape.reduce((product, n) => product * n);
  const counts = (data: Fetched[string], columns: number[]) => ({ shape: [batch, ...columns], data: Int32Array.from(data) });
  return {
    images: { shape: [batch, ...shape], data: images as Float32Array },
    ...(targets ? { targets: { shape: [batch, classes], data: targets as Float32Array } } : { labels: counts(labels, []) }),
    ...(kept && { kept: counts(kept, [kept.length / batch]) }),
  };
}
