/** A detector's training step in this project's engine. */
import type { Engine } from "../../engine/device";
import { type Gradients, Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { GroundTruth } from "../../geometry/boxes";
import { assigner } from "../../models/detector/assign";
import type { DetectorConfig } from "../../models/detector/config";
import { detector } from "../../models/detector/detector";
import { detectorLosses } from "../../models/detector/losses";
import { fromTorch, transposed } from "../../models/detector/names";
import { Targets } from "../../models/detector/targets";
import { Params } from "../../models/params";
import type { Weights } from "../../models/weights";
import type { StandardStep } from "../../tasks/standardStep";
import { Optimizer } from "../../train/optimizer";
import type { Runner, Setup } from "./contest";

/** What a detector learns from: images f32 [batch, side, side, 3] and what is on each. */
export interface Seen {
  images: Float32Array;
  truths: GroundTruth[][];
}

/** A detector's step before the update. */
export function detectorStep(engine: Engine, config: DetectorConfig, weights: Weights, { images, truths }: Seen): StandardStep {
  const batch = truths.length;
  const params = new Params(engine, weights);
  const targets = new Targets(engine, config, batch);
  targets.load(truths.map(assigner(config)));
  const pixels = engine.takeBuffer(images.byteLength);
  engine.device.queue.writeBuffer(pixels, 0, images as BufferSource);
  return {
    params,
    trace(graph) {
      const seen = graph.fixed(pixels, [batch, config.image, config.image, 3]);
      const losses = detectorLosses(config, detector(params.on(graph, true), config, seen, { training: true }).levels, targets);
      const grads = graph.gradients((g) => {
        for (const loss of Object.values(losses)) loss.seed(1, g);
      });
      return { grads, outputs: Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, loss.value])) };
    },
    loss: (fetched) => Object.values(fetched).reduce((sum, values) => sum + values[0], 0),
    destroy() {
      engine.giveBuffer(pixels);
      targets.destroy();
      params.destroy();
    },
  };
}

/** Everything of a step before the update. */
export function traceDetector(engine: Engine, setup: Setup): { params: Params; grads: Gradients; outputs: Record<string, Tensor> } {
  const { config, truths } = setup.detector!;
  const [batch, channels, side] = setup.imageShape;
  const images = transposed(setup.images, batch, channels, side * side);
  const step = detectorStep(engine, config, fromTorch(setup.student), { images, truths });
  return { params: step.params, ...step.trace(new Graph(engine)) };
}

export async function detection(engine: Engine, setup: Setup): Promise<Runner> {
  const { params, grads, outputs } = traceDetector(engine, setup);
  const optimizer = new Optimizer(params, { kind: "adamw", decays: () => false });
  optimizer.update(grads);
  const program = await Program.compile(grads.graph, outputs);
  let last: ReturnType<Program["run"]>;
  return {
    async step() {
      optimizer.advance();
      last = program.run({ fetch: true });
      await last;
    },
    loss: async () => Object.values((await last) ?? {}).reduce((sum, [value]) => sum + value, 0),
    stop: () => engine.destroy(),
  };
}
