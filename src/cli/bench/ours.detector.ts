/** A detector's training step in this project's engine. */
import type { Engine } from "../../engine/device";
import { type Gradients, Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { assigner } from "../../models/detector/assign";
import { detector } from "../../models/detector/detector";
import { detectorLosses } from "../../models/detector/losses";
import { fromTorch, transposed } from "../../models/detector/names";
import { Targets } from "../../models/detector/targets";
import { Params } from "../../models/params";
import { Optimizer } from "../../train/optimizer";
import type { Runner, Setup } from "./contest";

/** Everything of a step before the update. */
export function traceDetector(engine: Engine, setup: Setup): { params: Params; grads: Gradients; outputs: Record<string, Tensor> } {
  const { config, truths } = setup.detector!;
  const [batch, channels, side] = setup.imageShape;
  const params = new Params(engine, fromTorch(setup.student));
  const targets = new Targets(engine, config, batch);
  targets.load(truths.map(assigner(config)));
  const pixels = engine.takeBuffer(setup.images.byteLength);
  engine.device.queue.writeBuffer(pixels, 0, transposed(setup.images, batch, channels, side * side));
  const graph = new Graph(engine);
  const images = graph.fixed(pixels, [batch, side, side, channels]);
  const losses = detectorLosses(config, detector(params.on(graph, true), config, images, { training: true }).levels, targets);
  const grads = graph.gradients((g) => {
    for (const loss of Object.values(losses)) loss.seed(1, g);
  });
  return { params, grads, outputs: Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, loss.value])) };
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
