import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { KINDS, softmaxCase } from "./cases/softmax";
import { check, testEngine, upload } from "./check";
import { logSoftmax, softmax } from "./softmax";
import { softmax64 } from "./softmax.fixture";

describe.each(["softmax", "logSoftmax"] as const)("%s", (name) => {
  const { op, reference } = KINDS[name];

  test.each([{ shape: [3, 7] }, { shape: [1, 1] }, { shape: [2, 3, 10] }, { shape: [130, 4] }])("of $shape", async ({ shape }) => {
    await check(await testEngine(), softmaxCase(name, shape));
  });

  test("applied twice", async () => {
    await check(await testEngine(), {
      inputs: { x: { shape: [4, 5], grad: true } },
      op: ({ x }) => op(op(x)),
      reference: ({ x }) => [reference(reference(x, 5), 5)],
    });
  });

  test("of numbers whose exponentials overflow", async () => {
    const data = [1000, 1001, 999, -1000, 0, -1001];
    await check(await testEngine(), {
      inputs: { x: { shape: [2, 3], data } },
      op: ({ x }) => op(x),
      reference: () => [reference(data, 3)],
    });
  });
});

test("both of one input: the second gradient adds to the first", async () => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const fixed = (data: number[]) => graph.fixed(upload(engine, data, "f32"), [1, 3], "f32", 0, true);
  const [x, g] = [fixed([0.1, 0.2, -0.3]), fixed([1, -2, 0.5])];
  const grads = graph.gradients((at) => {
    at.alias(softmax(x), g);
    at.alias(logSoftmax(x), g);
  });
  const { dx } = await (await Program.compile(graph, { dx: grads.of(x)! })).fetch();
  const p = softmax64([0.1, 0.2, -0.3], 3);
  const gp = p[0] - 2 * p[1] + 0.5 * p[2];
  for (const [i, v] of [1, -2, 0.5].entries()) expect(dx[i]).toBeCloseTo(p[i] * (v - gp) + v + 0.5 * p[i], 6);
});
