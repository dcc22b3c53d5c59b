import { describe, expect, test } from "vitest";
import type { Engine } from "../engine/device";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { Params } from "../models/params";
import { initViT, type ViTConfig } from "../models/vit/config";
import { vitForward64 } from "../models/vit/reference";
import { compare, randoms, testEngine, upload } from "../ops/check";
import { linear } from "../ops/linear";
import { softLabels } from "../tasks/classification/softLabels";
import { type Distillation, traceLosses } from "../tasks/classification/step";
import { Optimizer } from "./optimizer";
import { compileStep } from "./step";

const TINY: ViTConfig = {
  ...{ image: 8, patch: 4, channels: 3, classes: 3, width: 8, depth: 2, heads: 2, headDim: 4, mlp: 16 },
  ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
};
const BATCH = 6;
const PIXELS = randoms(BATCH * TINY.channels * TINY.image ** 2, 3);
const LABELS = [0, 1, 2, 2, 1, 0];

/** Adapters as they come, without what lets lanes share registers, and without anything optional. */
const ADAPTERS = { all: [], "no subgroups": ["subgroups"], plain: ["subgroups", "timestamp-query", "shader-f16"] };

function distillationFor(engine: Engine): Distillation {
  const teacher = { params: new Params(engine, initViT(TINY, 2)), config: TINY };
  return softLabels(teacher, { k: 2 }, { lambda: 0.5, temperature: 2 });
}

/** The losses of three updates, by output. */
async function losses(engine: Engine, masked: boolean): Promise<Record<string, number[]>> {
  const student = { params: new Params(engine, initViT(TINY, 1)), config: TINY };
  const optimizer = new Optimizer(student.params, { kind: "adamw", clip: "all" });
  optimizer.knobs.lr.value = 1e-2;
  const images = upload(engine, PIXELS, "f32");
  const labels = upload(engine, LABELS, "u32");
  const distillation = masked ? distillationFor(engine) : undefined;
  const batch = { size: BATCH, images, labels };
  const program = await compileStep(engine, (graph) => traceLosses(graph, { student, batch, distillation }), optimizer);
  const found: Record<string, number[]> = { ce: [], ...(masked && { kd: [] }) };
  for (let step = 0; step < 3; step++) {
    optimizer.advance();
    const fetched = await program.fetch();
    for (const name of Object.keys(found)) found[name].push(fetched[name][0]);
  }
  program.dispose();
  return found;
}

/** Cross entropy of the fresh student in float64. */
function first64(): number {
  const { logits } = vitForward64(TINY, initViT(TINY, 1), PIXELS, BATCH);
  const nats = logits.map((row, b) => Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - row[LABELS[b]]);
  return nats.reduce((a, b) => a + b, 0) / BATCH;
}

describe.each([
  ["labels alone", false],
  ["a masked teacher", true],
])("three steps with %s", (_, masked) => {
  test("lose the same with every set of features", async () => {
    const expected = await losses(await testEngine(), masked);
    compare("first loss", expected.ce.slice(0, 1), [first64()], 1e-5);
    expect(expected.ce[2]).toBeLessThan(expected.ce[0]);
    for (const [name, without] of Object.entries(ADAPTERS)) {
      const found = await losses(await testEngine({ without }), masked);
      for (const output of Object.keys(expected)) compare(`${output} with ${name}`, found[output], expected[output], 1e-5);
    }
  });
});

test("a linear layer and its gradients are the same with every set of features", async () => {
  const layer = async (engine: Engine) => {
    const graph = new Graph(engine);
    const input = (shape: number[], seed: number) =>
      graph.fixed(
        upload(
          engine,
          randoms(
            shape.reduce((a, b) => a * b, 1),
            seed,
          ),
          "f32",
        ),
        shape,
        "f32",
        0,
        true,
      );
    const [x, w, bias] = [input([9, 12], 1), input([8, 12], 2), input([8], 3)];
    const y = linear(x, w, { bias, activation: "gelu" });
    const grads = graph.gradients((g) => g.alias(y, input([9, 8], 4)));
    const program = await Program.compile(graph, { y, ...Object.fromEntries(grads.pieces.map(({ tensor }, i) => [`g${i}`, tensor])) });
    return program.fetch();
  };
  const expected = await layer(await testEngine());
  expect(Object.keys(expected)).toEqual(["y", "g0", "g1", "g2"]); // of weight, bias and input
  for (const without of Object.values(ADAPTERS)) {
    const found = await layer(await testEngine({ without }));
    for (const name of Object.keys(expected)) compare(`${name} without ${without}`, found[name], expected[name], 1e-6);
  }
});
