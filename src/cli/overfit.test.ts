/** Every detector learns a handful of images by heart: assignment, losses, gradients, decoding and scores hang together. */
import { expect, test } from "vitest";
import type { DetectionSet } from "../data/detection";
import { uniform } from "../engine/random";
import { type Box, type GroundTruth, iou } from "../models/detector/boxes";
import { DETECTORS } from "../models/detector/config";
import { testEngine } from "../ops/check";
import { detection } from "../train/detection";
import { defaults, type Settings } from "../train/experiment";
import { Session } from "../train/session";
import type { Scores } from "../train/task";

/** Learns the images of `dataset` from their boxes alone and is asked for the same images. */
async function overfit(dataset: DetectionSet, settings: Partial<Settings>): Promise<Scores> {
  const engine = await testEngine();
  const all = { ...defaults("fitnet"), augment: "none", batch: dataset.train.count, ...settings } as Settings;
  const session = Session.create({ engine, subject: detection({ dataset }), settings: all });
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
