/** This project's engine as a contestant. */
import { type Engine, openEngine } from "../../engine/device";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import { Params, readFloats } from "../../models/params";
import { patches } from "../../models/vit/config";
import { inferViT } from "../../models/vit/names";
import type { Weights } from "../../models/weights";
import { matmul } from "../../ops/linear";
import { softLabels } from "../../tasks/classification/softLabels";
import { type Batch, type Distillation, type Model, traceLosses } from "../../tasks/classification/step";
import { Optimizer } from "../../train/optimizer";
import { compileStep } from "../../train/step";
import { type Contestant, meanSquare, type Runner, type Setup } from "./contest";
import { keptPatches } from "./flops";
import { convolution } from "./ours.conv";
import { detection } from "./ours.detector";
import { isConv } from "./tasks";

export const ours: Contestant = {
  name: "ours",
  async start(setup) {
    const engine = await openEngine(navigator.gpu);
    if (isConv(setup.task)) return convolution(engine, setup);
    if (setup.detector) return detection(engine, setup);
    return setup.task === "matmul-512" ? product(engine, setup) : training(engine, setup);
  },
};

async function training(engine: Engine, setup: Setup): Promise<Runner> {
  const student = load(engine, setup.student, setup.heads[0]);
  const optimizer = new Optimizer(student.params, { kind: "adamw", decays: () => false });
  const step = { student, batch: upload(engine, setup), distillation: distillationOf(engine, setup) };
  const program = await compileStep(engine, (graph) => traceLosses(graph, step), optimizer);
  let last: ReturnType<Program["run"]>;
  return {
    async step() {
      optimizer.advance();
      last = program.run({ fetch: true });
      await last;
    },
    async loss() {
      const values = await last;
      return (values?.ce[0] ?? Number.NaN) + (values?.kd?.[0] ?? 0);
    },
    stop: () => engine.destroy(),
  };
}

function distillationOf(engine: Engine, { task, teacher, heads, keep }: Setup): Distillation | undefined {
  if (task === "vit-step") return undefined;
  const model = load(engine, teacher, heads[1]);
  return softLabels(model, { k: keptPatches({ task, keep }, patches(model.config)) });
}

function load(engine: Engine, weights: Weights, heads: number): Model {
  return { params: new Params(engine, weights), config: inferViT(weights, heads) };
}

function upload(engine: Engine, { images, labels }: Setup): Batch {
  const batch = { size: labels.length, images: engine.takeBuffer(images.byteLength), labels: engine.takeBuffer(labels.byteLength) };
  engine.device.queue.writeBuffer(batch.images, 0, images as BufferSource);
  engine.device.queue.writeBuffer(batch.labels, 0, labels as BufferSource);
  return batch;
}

async function product(engine: Engine, { images, imageShape }: Setup): Promise<Runner> {
  const side = imageShape[1];
  const graph = new Graph(engine);
  const [a, b, c] = [0, 1, 2].map(() => engine.takeBuffer(4 * side * side));
  engine.device.queue.writeBuffer(a, 0, images as BufferSource, 0, side * side);
  engine.device.queue.writeBuffer(b, 0, images as BufferSource, side * side, side * side);
  matmul(graph.fixed(a, [side, side]), graph.fixed(b, [side, side]), graph.fixed(c, [side, side]));
  const program = await Program.compile(graph);
  return {
    step: async () => {
      await program.time();
    },
    loss: async () => meanSquare(await readFloats(engine, c, side * side)),
    stop: () => engine.destroy(),
  };
}
