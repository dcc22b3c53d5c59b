/** Steps of a detector on images of 320 pixels: their losses are those of a float64 detector of the same weights. */
import { expect, test } from "vitest";
import { DetectionBatches } from "../data/batches.detection";
import { detectionScenes } from "../data/scenes.detection";
import { assigner } from "../models/detector/assign";
import { type DetectorConfig, smallDetector } from "../models/detector/config";
import { detector } from "../models/detector/detector";
import { detectorForward64 } from "../models/detector/detector.reference";
import { initDetector } from "../models/detector/init";
import { detectorLosses } from "../models/detector/losses";
import { detectorLoss64 } from "../models/detector/losses.reference";
import { Targets } from "../models/detector/targets";
import { Params } from "../models/params";
import { testEngine, upload } from "../ops/check";
import { RECIPES } from "../settings/recipes";
import { Optimizer } from "./optimizer";
import { compileStep } from "./step";

const SIDE = 320;

/** Holds so many steps on one image; returns their losses. */
async function held(config: DetectorConfig, steps: number): Promise<number[]> {
  const engine = await testEngine();
  const data = detectionScenes({ side: SIDE, train: 1, test: 1, seed: 4 });
  const { images, truths } = new DetectionBatches(data, 1, 4, false).train.take(0);
  const assigned = truths.map(assigner(config));
  const targets = new Targets(engine, config, 1);
  targets.load(assigned);
  const params = new Params(engine, initDetector(config, 1));
  const optimizer = new Optimizer(params, { kind: "adamw" });
  const pixels = upload(engine, images, "f32");
  const program = await compileStep(
    engine,
    (graph) => {
      const { levels } = detector(params.on(graph, true), config, graph.fixed(pixels, [1, SIDE, SIDE, 3]));
      const losses = Object.entries(detectorLosses(config, levels, targets));
      const grads = graph.gradients((g) => {
        for (const [, loss] of losses) loss.seed(1, g);
      });
      return { grads, outputs: Object.fromEntries(losses.map(([name, { value }]) => [name, value])) };
    },
    optimizer,
  );
  const found: number[] = [];
  for (let i = 0; i < steps; i++) {
    const weights = await params.read();
    optimizer.advance();
    const { cls, box, dfl } = await program.fetch();
    const loss = cls[0] + box[0] + dfl[0];
    const expected = detectorLoss64(config, [detectorForward64(config, weights, images)], assigned);
    expect(Math.abs(loss - expected) / expected, `step ${i}: ${loss}, not ${expected}`).toBeLessThan(1e-5);
    found.push(loss);
    if (process.env.REAL_SIZES) console.log(`step ${i}: ${loss}, in float64 ${expected}`);
  }
  program.dispose();
  optimizer.destroy();
  targets.destroy();
  params.destroy();
  return found;
}

test("two steps of a narrow GFL at 320 pixels have the losses of a float64 one with the weights of each step", async () => {
  const losses = await held({ ...smallDetector("gfl", "student", 12, SIDE), width: 4, channels: 16 }, 2);
  expect(losses.at(-1)).toBeLessThan(losses[0]);
}, 400_000);

// Minutes in double precision: REAL_SIZES=1 npx vitest run src/train/realsize.detector.test.ts
test.skipIf(!process.env.REAL_SIZES)(
  "so have ten steps of the recipe Detector, 320 px",
  async () => {
    const { stem, blocks, channels, stacked } = RECIPES["detector-320"].values as Record<string, number>;
    const stages = [blocks, blocks, blocks, blocks] as const;
    const losses = await held({ ...smallDetector("gfl", "student", 12, SIDE), width: stem, blocks: stages, channels, stacked }, 10);
    expect(losses.at(-1)).toBeLessThan(losses[0]);
  },
  3_600_000,
);
