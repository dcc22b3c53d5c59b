import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { haarCase, promptWeightsCase } from "./cases/haar";
import { check, randoms, testEngine, upload } from "./check";
import { errorLoss } from "./features";
import { haar } from "./haar";

describe.each([{ shape: [2, 8, 8, 3] }, { shape: [1, 5, 7, 4] }, { shape: [3, 2, 3, 1] }])("$shape", ({ shape }) => {
  test("two levels; both pass gradients on", async () => {
    await check(await testEngine(), haarCase(shape));
  });

  test("weights by prompts", async () => {
    await check(await testEngine(), promptWeightsCase(shape));
  });
});

describe("the Haar transform and its weights", () => {
  async function fetch(values: ArrayLike<number>, shape: number[]) {
    const graph = new Graph(await testEngine());
    const x = graph.fixed(upload(graph.engine, values, "f32"), shape);
    const levels = haar(x, Math.min(3, Math.log2(shape[1])));
    return (await Program.compile(graph, Object.fromEntries(levels.map(({ tensor }, i) => [i, tensor])))).fetch();
  }

  test("a block, and a constant", async () => {
    expect([...(await fetch([1, 2, 3, 5], [1, 2, 2, 1]))[0]].map(Math.abs)).toEqual([5.5, 2.5, 1.5, 0.5]);
    expect([...(await fetch([7, 7, 7, 7], [1, 2, 2, 1]))[0]]).toEqual([14, 0, 0, 0]);
  });

  test("three levels of details do not see a constant added to maps of multiples of eight pixels", async () => {
    const graph = new Graph(await testEngine());
    const shape = [2, 16, 8, 3];
    const values = randoms(768, 1);
    const [s, t, shifted] = [values, randoms(768, 2), values.map((v) => v + 3)].map((v) =>
      haar(graph.fixed(upload(graph.engine, v, "f32"), shape), 3),
    );
    const weights = (rows: number) =>
      graph.fixed(
        upload(
          graph.engine,
          Array(rows / 4)
            .fill([0, 1, 1, 1])
            .flat(),
          "f32",
        ),
        [rows],
      );
    const losses = (a: typeof s) =>
      a.map(({ tensor }, i) => errorLoss(tensor, t[i].tensor, { power: "absolute", rows: weights(tensor.rows) }).value);
    const named = [...losses(s), ...losses(shifted)].map((v, i) => [`${i}`, v]);
    const found = await (await Program.compile(graph, Object.fromEntries(named))).fetch();
    for (const i of [0, 1, 2]) {
      expect(found[i][0]).toBeGreaterThan(1);
      expect(found[i + 3][0] / found[i][0]).toBeCloseTo(1, 5);
    }
  });
});
