/** The assignment against every one there is and against float64; DETR's losses and gradients against float64. */
import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { inputsOf, made, objectsOf, setLossCase } from "./cases/setPrediction";
import { check, type Input, testEngine, upload } from "./check";
import { asOp } from "./losses.fixture";
import { assignment, type Objects, setLosses } from "./setPrediction";
import { assigned64, type Case, cost64, losses64, total64 } from "./setPrediction.reference";

/** The object of each query, image by image. */
async function chosenOn(one: Case): Promise<number[][]> {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const fixed = ([name, { shape, data, dtype = "f32" }]: [string, Input]) =>
    [name, graph.fixed(upload(engine, data as ArrayLike<number>, dtype), shape, dtype)] as const;
  const t = Object.fromEntries(Object.entries(inputsOf(one)).map(fixed));
  const program = await Program.compile(graph, { chosen: assignment({ logits: t.logits, boxes: t.raw }, objectsOf(t, one)) });
  const { chosen } = await program.fetch();
  program.dispose();
  return Array.from({ length: one.images }, (_, b) => [...(chosen as Uint32Array).subarray(b * one.queries, (b + 1) * one.queries)]);
}

/** The least total over every way to give `objects` different queries. */
function leastOf(costs: number[][], from = 0, taken: readonly number[] = []): number {
  if (from === costs.length) return 0;
  const ways = costs[from].flatMap((cost, q) => (taken.includes(q) ? [] : [cost + leastOf(costs, from + 1, [...taken, q])]));
  return Math.min(...ways);
}

describe("the assignment", () => {
  test.each([0.2, 2, 8])("costs no more than any of all there are, predictions spread by %f", async (spread) => {
    const one = made([0, 1, 2, 3, 4, 5, 5, 5], 7, 5, 11 + spread, spread);
    for (const [b, slots] of (await chosenOn(one)).entries()) {
      const costs = cost64(one, b);
      expect(slots.filter((slot) => slot < one.slots).sort()).toEqual(costs.map((_, i) => i));
      expect(total64(costs, slots)).toBeCloseTo(leastOf(costs), 4);
    }
  });

  test("is that of a float64 implementation at a hundred queries and at as many objects as queries", async () => {
    for (const one of [made([100, 63, 7], 100, 100, 5), made([20, 20, 19, 1], 20, 20, 6)])
      for (const [b, slots] of (await chosenOn(one)).entries()) {
        const costs = cost64(one, b);
        expect(slots.filter((slot) => slot < one.slots).sort((x, y) => x - y)).toEqual(costs.map((_, i) => i));
        expect(total64(costs, slots)).toBeCloseTo(total64(costs, assigned64(costs)), 3);
      }
  });

  test("gives no query to an object of which no cost is a number, and ends", async () => {
    const one = made([2, 2], 5, 3, 9);
    one.raw.fill(Number.NaN, 0, 4 * one.queries);
    const [first, second] = await chosenOn(one);
    expect(first).toEqual(Array(5).fill(3));
    expect(second.filter((slot) => slot < 3)).toHaveLength(2);
  });
});

describe("losses and gradients", () => {
  test.each(["ce", "l1", "giou"] as const)("%s", async (name) => {
    await check(await testEngine(), setLossCase(name));
  });

  test("an image without objects teaches that there is none; boxes have no loss", async () => {
    const { ce, l1, giou } = losses64(made([0, 0], 4, 3, 2), 0.1);
    expect([l1, giou]).toEqual([0, 0]);
    const empty = made([0, 0], 4, 3, 2);
    await check(await testEngine(), {
      inputs: { ...inputsOf(empty), logits: { ...inputsOf(empty).logits, grad: true } },
      op: (t, graph) => {
        const losses = setLosses({ logits: t.logits, boxes: t.raw }, objectsOf(t, empty), 0.1);
        return [asOp(graph, losses.ce), losses.l1.value, losses.giou.value];
      },
      reference: ({ logits }) => [[losses64({ ...empty, logits: [...logits] }, 0.1).ce], [0], [0]],
    });
    expect(ce).toBeGreaterThan(0);
  });
});

test("more objects than queries, and predictions that do not fit, are refused", async () => {
  const graph = new Graph(await testEngine());
  const objects = (slots: number): Objects => ({
    labels: graph.temp([2, slots], "u32"),
    boxes: graph.temp([2, slots, 4]),
    side: 8,
    count: 1,
  });
  const predictions = { logits: graph.temp([2, 3, 5]), boxes: graph.temp([2, 3, 4]) };
  expect(() => assignment(predictions, objects(3))).not.toThrow();
  expect(() => assignment(predictions, objects(4))).toThrow("objects are [2,4]");
  expect(() => assignment({ ...predictions, boxes: graph.temp([2, 3, 3]) }, objects(3))).toThrow("boxes [2,3,3]");
});
