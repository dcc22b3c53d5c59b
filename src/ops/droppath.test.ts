import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { uniform } from "../engine/random";
import { batch, cols, dropPathCase, each } from "./cases/droppath";
import { check, randoms, testEngine, upload } from "./check";
import { dropPath } from "./droppath";
import { everyRow, randomScores } from "./select";

describe("dropPath", () => {
  test.each([0, 0.2, 0.5, 1])("at most %d of them, and its gradients", async (most) => {
    await check(await testEngine(), dropPathCase(most));
  });

  test("of the class rows alone, where a gradient has arrived already", async () => {
    await check(await testEngine(), {
      inputs: { branch: { shape: [batch, cols], grad: true }, x: { shape: [batch * each, cols], grad: true } },
      op: ({ branch, x }, graph) => {
        const draws = randomScores(graph, [batch], { seed: 1, stream: 0, step: 0 });
        const once = dropPath(branch, everyRow(x, each), { draws, most: 0.5, share: 1 });
        return dropPath(branch, once, { draws, most: 0.25, share: 1 });
      },
      reference: ({ branch, x }) => {
        const kept = (b: number, rate: number) => (uniform(1, 0, 0, b) >= rate ? 1 / (1 - rate) : 0);
        const out = branch.map((v, i) => {
          const b = Math.floor(i / cols);
          return x[b * each * cols + (i % cols)] + v * (kept(b, 0.5) + kept(b, 0.25));
        });
        return [out];
      },
    });
  });

  test("leaves out the rate's share of branches, and changes no mean", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const many = 4000;
    const fixed = (values: Float32Array) => graph.fixed(upload(engine, values, "f32"), [many, 1]);
    const draws = randomScores(graph, [many], { seed: 2, stream: 5, step: 0 });
    const [ones, zeros] = [fixed(new Float32Array(many).fill(1)), fixed(new Float32Array(many))];
    const y = dropPath(ones, zeros, { draws, most: 0.3, share: 1 });
    const found = (await (await Program.compile(graph, { y })).fetch()).y;
    const dropped = found.filter((v: number) => v === 0).length;
    expect(Math.abs(dropped / many - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / many));
    const mean = [...found].reduce((a, v) => a + v, 0) / many;
    expect(Math.abs(mean - 1)).toBeLessThan(4 * Math.sqrt(0.3 / 0.7 / many));
  });

  test("refuses rows that do not fall into images", async () => {
    const graph = new Graph(await testEngine());
    const [x, draws] = [graph.fixed(upload(graph.engine, randoms(20, 1), "f32"), [10, 2]), graph.temp([4])];
    expect(() => dropPath(x, x, { draws, most: 0.1, share: 1 })).toThrow(/branch is \[10,2\]/);
    expect(() => dropPath(x, graph.temp([8, 2]), { draws: graph.temp([5]), most: 0.1, share: 1 })).toThrow(/residual \[8,2\]/);
  });
});
