/** What a project in PyTorch has of a run of detection; the project's own files are in `python/detection`. */
import type { DetectionSet } from "../../data/detection";
import type { Graph, Tensor } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import type { DetectorConfig } from "../../models/detector/config";
import { toTorch, transposed } from "../../models/detector/names";
import { type Writable, writeSafetensors } from "../../models/safetensors";
import type { Weights } from "../../models/weights";
import type { HandedOver } from "../task";
import { writeDetector } from "./network";
import { below, type DetectorInputs } from "./step";

type Weighed = { weights: Weights; config: DetectorConfig };

/** `learned` has the student's parameters under `student.`, those of the method's modules under `kd.`; `before` are modules learned beforehand. */
export function handedOver(learned: Weighed, teacher: Weighed | undefined, before: Weights, dataset: DetectionSet): HandedOver {
  const { config } = learned;
  const student = { weights: below("student.", learned.weights), config };
  const detectors = { student, ...(teacher && { teacher }) };
  const modules = {
    bytes: writeSafetensors(toTorch(new Map([...below("kd.", learned.weights), ...before])), { format: "pt" }),
    config: {},
  };
  return {
    folders: ["squares", "objects", "detection"],
    networks: {
      ...Object.fromEntries(
        Object.entries(detectors).map(([role, one]) => [role, { bytes: writeDetector(one, dataset), config: one.config }]),
      ),
      ...(teacher && { modules }),
    },
    facts: { classes: dataset.classes, ...dataset.moments },
    batch: (outputs) => batchOf(outputs, config),
  };
}

const PREFIX = "batch.";

/** Whether an output is part of the batch and no loss. */
export const ofBatch = (name: string): boolean => name.startsWith(PREFIX);

/** The batch as it is learned from, as outputs of a step: images, and what each prior is to answer. */
export function wholeBatch(graph: Graph, inputs: DetectorInputs): Record<string, Tensor> {
  const levels = inputs.targets
    .on(graph)
    .flatMap(({ labels, boxes, weights }, l) => [
      [`${PREFIX}labels.${l}`, labels] as const,
      [`${PREFIX}truths.${l}`, boxes] as const,
      [`${PREFIX}weights.${l}`, weights] as const,
    ]);
  const { images, boxes } = inputs.on(graph);
  return { [`${PREFIX}images`]: images, [`${PREFIX}boxes`]: boxes, ...Object.fromEntries(levels) };
}

/** Images [B, 3, S, S]; of N priors of all levels labels [B, N], truths [B, N, 4] and weights [B, N]; boxes [B, G, 4]. */
function batchOf(outputs: Fetched, { image, levels }: DetectorConfig): Record<string, Writable> {
  const images = outputs[`${PREFIX}images`] as Float32Array;
  const batch = images.length / (3 * image ** 2);
  const boxes = outputs[`${PREFIX}boxes`] as Float32Array;
  const joined = (part: string, columns: number[]): Writable => {
    const parts = Array.from({ length: levels }, (_, l) => outputs[`${PREFIX}${part}.${l}`]);
    const all = Array.from({ length: batch }, (_, b) =>
      parts.map((one) => one.subarray((b * one.length) / batch, ((b + 1) * one.length) / batch)),
    );
    const values = all.flat().flatMap((one) => [...one]);
    const shape = [batch, values.length / batch / columns.reduce((a, n) => a * n, 1), ...columns];
    return { shape, data: part === "labels" ? Int32Array.from(values) : Float32Array.from(values) };
  };
  return {
    images: { shape: [batch, 3, image, image], data: transposed(images, batch, image ** 2, 3) },
    ...{ labels: joined("labels", []), truths: joined("truths", [4]), weights: joined("weights", []) },
    boxes: { shape: [batch, boxes.length / (4 * batch), 4], data: boxes },
  };
}
