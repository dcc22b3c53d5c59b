/** Targets on the GPU are those assigned, and divide losses as mmdetection does. */
import { describe, expect, test } from "vitest";
import { Graph } from "../../engine/graph";
import type { GroundTruth } from "../../geometry/boxes";
import { testEngine } from "../../ops/check";
import { readFloats } from "../params";
import { assigner } from "./assign";
import { DETECTORS, priorCounts, smallDetector } from "./config";
import { priors } from "./priors";
import { Targets } from "./targets";

const TRUTHS: GroundTruth[][] = [
  [
    { category: 2, box: [16, 16, 48, 48] },
    { category: 0, box: [60, 40, 120, 100] },
  ],
  [],
];

describe.each(DETECTORS)("%s", (kind) => {
  const config = smallDetector(kind, "student", 3);
  const images = TRUTHS.map(assigner(config));

  test("labels, boxes, weights and anchors of both images, level by level", async () => {
    const engine = await testEngine();
    const targets = new Targets(engine, config, 2);
    targets.load(images);
    for (const [l, tensors] of targets.on(new Graph(engine)).entries()) {
      const count = priorCounts(config)[l];
      const shapes = [tensors.labels, tensors.boxes, tensors.weights, tensors.anchors].map(({ shape }) => shape);
      expect(shapes).toEqual([
        [2, count],
        [2, count, 4],
        [2, count],
        [count, 4],
      ]);
      const { buffer } = tensors.labels.storage;
      const all = await readFloats(engine, buffer as GPUBuffer, (buffer as GPUBuffer).size / 4);
      const values = (offset: number, size: number) => all.subarray(offset / 4, offset / 4 + size);
      const of = (part: "labels" | "boxes" | "weights") => values(tensors[part].storage.offset, tensors[part].size);
      const labels = of("labels");
      expect([...new Uint32Array(labels.slice().buffer)]).toEqual(images.flatMap(({ levels }) => [...levels[l].labels]));
      expect([...of("boxes")]).toEqual(images.flatMap(({ levels }) => [...levels[l].boxes]));
      expect([...of("weights")]).toEqual(images.flatMap(({ levels }) => [...levels[l].weights]));
      expect([...values(tensors.anchors.storage.offset, tensors.anchors.size)]).toEqual([...priors(config)[l]]);
      expect(tensors.stride).toBe(8 * 2 ** l);
    }
    targets.destroy();
  });

  test("losses are divided by the positives; an image without any counts as one, but for FCOS", async () => {
    const targets = new Targets(await testEngine(), config, 2);
    targets.load(images);
    const [{ positives, weight }] = images;
    expect(positives).toBeGreaterThan(1);
    expect(targets.positives.value).toBe(kind === "fcos" ? positives : positives + 1);
    expect(targets.weight.value).toBe(weight);
    targets.load([images[1], images[1]]);
    expect([targets.positives.value, targets.weight.value]).toEqual([kind === "fcos" ? 1 : 2, 0]);
    expect(() => targets.load(images.slice(1))).toThrow("targets: 1 images for a batch of 2");
    targets.destroy();
  });
});
