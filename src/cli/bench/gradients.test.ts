/** Two automatic derivatives, one loss: ours and jax-js agree on every student parameter. */
import { beforeAll, expect, test } from "vitest";
import type { Engine } from "../../engine/device";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import { gradientReader } from "../../models/gradients.fixture";
import { Params } from "../../models/params";
import { inferViT } from "../../models/vit/names";
import { compare, testEngine, upload } from "../../ops/check";
import { softLabels } from "../../tasks/classification/softLabels";
import { type Model, traceLosses } from "../../tasks/classification/step";
import type { Setup, Weights } from "./contest";
import { makeSetup, normals, type Options, randomVit, type Tensors } from "./defaults";
import { keptPatches, vitShape } from "./flops";
import { jaxGradients } from "./jax";
import { offerGPU } from "./navigator.node";
import type { Task } from "./tasks";

beforeAll(async () => {
  await offerGPU();
});

/** The sizes of jax.test.ts, so that jax-js compiles nothing new. */
const SHAPE = { width: 8, depth: 2, hidden: 16, classes: 3, channels: 2, patch: 2, patches: 9 };
const OPTIONS: Omit<Options, "task"> = { host: "node", rounds: 1, heads: [2, 3], keep: 0.4, seed: 0, peer: true, json: true, files: {} };

function setupOf(task: Task): Setup {
  const normal = normals(7);
  const batch: Tensors = new Map([
    ["images", { shape: [3, 2, 6, 6], data: Float32Array.from({ length: 216 }, normal) }],
    ["labels", { shape: [3], data: [2, 0, 1] }],
  ]);
  const [student, teacher] = [randomVit(SHAPE, normal), randomVit({ ...SHAPE, width: 12, depth: 1, hidden: 24 }, normal)];
  return makeSetup({ ...OPTIONS, task }, { student, teacher, batch });
}

test.each(["vit-step", "maskedkd-step"] as const)("%s", async (task) => {
  const setup = setupOf(task);
  const [found, expected] = [await ourGradients(setup), await jaxGradients(setup)];
  compare("loss", [found.loss / expected.loss], [1], 1e-4);
  expect([...found.grads.keys()]).toEqual([...expected.grads.keys()]);
  for (const [name, { data }] of expected.grads) {
    const largest = data.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
    const scaled = (values: Float32Array | Float64Array | undefined) => Array.from(values ?? [], (v) => v / largest);
    compare(name, scaled(found.grads.get(name)), scaled(data), 1e-4);
  }
});

async function ourGradients(setup: Setup): Promise<{ loss: number; grads: Map<string, Float64Array> }> {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const student = load(engine, setup.student, setup.heads[0]);
  const batch = { size: setup.labels.length, images: upload(engine, setup.images, "f32"), labels: upload(engine, setup.labels, "u32") };
  const { grads, outputs } = traceLosses(graph, { student, batch, distillation: distillationOf(engine, setup) });
  const reader = gradientReader(student.params, grads);
  const fetched = await (await Program.compile(graph, { ...outputs, ...reader.outputs })).fetch();
  return { loss: fetched.ce[0] + (fetched.kd?.[0] ?? 0), grads: reader.read(fetched) };
}

function distillationOf(engine: Engine, setup: Setup) {
  if (setup.task === "vit-step") return undefined;
  const k = keptPatches(setup, vitShape(setup.teacher).patches);
  return softLabels(load(engine, setup.teacher, setup.heads[1]), { k });
}

function load(engine: Engine, weights: Weights, heads: number): Model {
  return { params: new Params(engine, weights), config: inferViT(weights, heads) };
}
