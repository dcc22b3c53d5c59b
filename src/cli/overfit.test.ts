/** Every detector learns a handful of images by heart: assignment, losses, gradients, decoding and scores hang together. */
import { describe, expect, test } from "vitest";
import type { DetectionSet } from "../data/detection";
import { file } from "../data/files.fixture";
import { openDetection } from "../data/open.detection";
import { uniform } from "../engine/random";
import { type Box, type GroundTruth, iou } from "../geometry/boxes";
import { DETECTORS } from "../models/detector/config";
import { hasShared, sharedBytes } from "../models/shared.fixture";
import { testEngine } from "../ops/check";
import type { Settings } from "../settings/run";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/detection/runtime";
import type { Scores } from "../tasks/task";
import { Session } from "../train/session";
import { decodeWholeInNode } from "./decode.node";

/** Learns the images of `dataset` from their boxes alone and is tested on the same images. */
async function overfit(dataset: DetectionSet, settings: Partial<Settings>): Promise<Scores> {
  const engine = await testEngine();
  const all = { ...SCHEMA.defaults("fitnet"), augment: "none", batch: dataset.train.count, ...settings } as Settings;
  const session = Session.create({ engine, runtime, sources: { dataset }, settings: all });
  for (let step = 0; step < all.steps; step++) await session.advance();
  const scores = await session.evaluate();
  session.destroy();
  return scores;
}

const SIDE = 64;
const COLOURS = [
  [220, 60, 50],
  [60, 200, 80],
  [70, 90, 230],
];

/** Four pictures of three upright rectangles each on noise; the colour is the class. */
function rectangles(): DetectionSet {
  const pictures = [0, 1, 2, 3].map((index) => {
    const draw = (k: number) => uniform(8, index, 0, k);
    const image = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => 100 + 60 * draw(1000 + i));
    const truths: GroundTruth[] = [];
    for (let k = 0; truths.length < 3; k += 5) {
      const [x, y, width, height] = [draw(k) * 44, draw(k + 1) * 44, 16 + draw(k + 2) * 24, 16 + draw(k + 3) * 24].map(Math.floor);
      const box: Box = [x, y, Math.min(SIDE, x + width), Math.min(SIDE, y + height)];
      if (truths.some((other) => iou(other.box, box) > 0)) continue;
      const category = Math.floor(draw(k + 4) * COLOURS.length);
      truths.push({ category, box });
      for (let row = box[1]; row < box[3]; row++)
        for (let column = box[0]; column < box[2]; column++) image.set(COLOURS[category], 3 * (row * SIDE + column));
    }
    return { image, truths };
  });
  const split = { count: 4, image: (i: number) => pictures[i].image, truths: (i: number) => pictures[i].truths };
  const classes = ["red", "green", "blue"];
  const moments = { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] };
  return { id: "rectangles", name: "rectangles", side: SIDE, classes, supercategories: classes, moments, train: split, test: split };
}

test.each(DETECTORS)("%s learns four pictures to AP50 above .9", async (detector) => {
  const scores = await overfit(rectangles(), { detector, stem: 8, channels: 16, steps: 100, lr: 0.004, seed: 1 });
  expect(scores.ap50).toBeGreaterThan(0.9);
});

/** Four of BCCD's pictures, the same for training and for the test. */
async function bloodCells(side: number): Promise<DetectionSet> {
  const names = ["00000", "00001", "00002", "00003"].map((n) => `BloodImage_${n}`);
  const paths = names.flatMap((name) => [`Annotations/${name}.xml`, `JPEGImages/${name}.jpg`]);
  const files = paths.map((path) => file(path, sharedBytes(`bccd/${path}`)));
  // What is held out comes back: nothing is left out here.
  const opened = await openDetection(files, { side, decode: decodeWholeInNode, seed: 1, holdOut: 0 });
  return { ...opened, test: opened.train };
}

// Platelets are 16 of 256 pixels; of 128 they would be smaller than a cell of the finest level.
describe.skipIf(!hasShared)("BCCD", () => {
  test("GFL learns four pictures of blood cells to AP50 above .9", { timeout: 900_000 }, async () => {
    const scores = await overfit(await bloodCells(256), { detector: "gfl", steps: 120, batch: 4, lr: 0.006, seed: 1 });
    expect(scores.ap50).toBeGreaterThan(0.9);
  });
});
