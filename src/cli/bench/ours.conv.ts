/** One convolution, in groups or not, forward and backward, in this project's engine. */
import type { Engine } from "../../engine/device";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import { Params } from "../../models/params";
import { conv2d } from "../../ops/conv";
import { groupConv2d } from "../../ops/groupconv";
import { Optimizer } from "../../train/optimizer";
import { meanSquare, type Runner, type Setup, type Weights } from "./contest";
import { CONV_RATE } from "./tasks";

export async function convolution(engine: Engine, setup: Setup): Promise<Runner> {
  const params = new Params(engine, channelsLast(setup.student));
  const optimizer = new Optimizer(params, { kind: "sgd", beta1: 0, decays: () => false });
  optimizer.knobs.lr.value = CONV_RATE;
  const graph = new Graph(engine);
  const [batch, channels, height, width] = setup.imageShape;
  const buffer = engine.takeBuffer(setup.images.byteLength);
  engine.device.queue.writeBuffer(buffer, 0, lastAxis(setup.images, batch, channels, height * width));
  const x = graph.fixed(buffer, [batch, height, width, channels], "f32", 0, true);
  const { weight, bias } = params.on(graph, true);
  const y = bias ? conv2d(x, weight, { bias }) : groupConv2d(x, weight);
  const grads = graph.gradients((g) => g.alias(y, graph.fixed(buffer, y.shape)));
  // x lies in memory of its own, as parameters do, and is none: its gradient is no piece for the optimizer.
  grads.flowsOn.add(x);
  optimizer.update(grads);
  const program = await Program.compile(graph, { y, dx: grads.of(x)! });
  return {
    step: async () => {
      optimizer.advance();
      await program.time();
    },
    async loss() {
      const { y, dx } = await program.fetch();
      return meanSquare(y) + meanSquare(dx);
    },
    stop: () => engine.destroy(),
  };
}

function channelsLast(weights: Weights): Weights {
  return new Map(
    [...weights].map(([name, { shape, data }]) => {
      if (shape.length < 4) return [name, { shape, data }];
      const [out, channels, height, width] = shape;
      return [name, { shape: [out, height, width, channels], data: lastAxis(data, out, channels, height * width) }];
    }),
  );
}

/** [outer, channels, places] -> [outer, places, channels]. */
function lastAxis(values: Float32Array, outer: number, channels: number, places: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  for (let o = 0; o < outer; o++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < places; i++) result[(o * places + i) * channels + c] = values[(o * channels + c) * places + i]!;
  return result;
}
