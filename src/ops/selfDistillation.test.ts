/** DINO's loss against its definition, pair by pair; its known values; running means of weights and of the centre. */
import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import {
  BATCH,
  blendCase,
  COLD,
  COOL,
  K,
  logits,
  loss64,
  probabilities64,
  probabilitiesCase,
  viewLossCase,
} from "./cases/selfDistillation";
import { check, compare, randoms, testEngine, upload } from "./check";
import { asOp } from "./losses.fixture";
import { blend, centredProbabilities, rowsMean, viewLoss } from "./selfDistillation";

describe("viewLoss", () => {
  test.each([{ others: 0 }, { others: 1 }, { others: 8 }])("of 2 and $others more views, with its gradients", async ({ others }) => {
    await check(await testEngine(), viewLossCase(others));
  });

  test("two global and eight local crops make 18 terms", async () => {
    const graph = new Graph(await testEngine());
    const z = (views: number) => graph.temp([views * BATCH, K]);
    expect(viewLoss([z(2), z(8)], z(2), { batch: BATCH, temperature: COOL }).terms).toBe(18);
    expect(loss64(new Float64Array(10 * BATCH * K), new Float64Array(2 * BATCH * K)).terms).toBe(18);
  });

  test("a student that answers everything alike has the loss ln K, whatever the teacher says", async () => {
    await check(await testEngine(), {
      inputs: { whole: { shape: [2 * BATCH, K], data: new Array(2 * BATCH * K).fill(0.3) }, teacher: logits(2), centre: { shape: [K] } },
      op: ({ whole, teacher, centre }, graph) => {
        const { probabilities } = centredProbabilities(teacher, centre, COLD);
        return asOp(graph, viewLoss([whole], probabilities, { batch: BATCH, temperature: COOL }));
      },
      reference: () => [[Math.log(K)]],
    });
  });

  test("refuses views of other sizes, and fewer of them than the teacher has", async () => {
    const graph = new Graph(await testEngine());
    const of = (rows: number, cols = K) => graph.temp([rows, cols]);
    const o = { batch: BATCH, temperature: 1 };
    expect(() => viewLoss([of(6), of(4)], of(6), o)).toThrow("[4,7] is no number of views of 3 images");
    expect(() => viewLoss([of(6, 5)], of(6), o)).toThrow("[6,5] is no number");
    expect(() => viewLoss([of(3)], of(6), o)).toThrow("1 views of the student, 2 of the teacher");
    expect(() => centredProbabilities(of(6), of(1, 5), 1)).toThrow("the centre is [1,5]");
  });
});

test("probabilities are centred and sharpened, and their entropy is what it is", async () => {
  await check(await testEngine(), probabilitiesCase());
});

test("logits whose exponentials overflow have a loss and probabilities", async () => {
  const data = [500, -500, 499.9, 0, 0, 1, -1000];
  await check(await testEngine(), {
    inputs: { z: { shape: [1, K], data }, centre: { shape: [K], data: new Array(K).fill(0) } },
    op: ({ z, centre }) => centredProbabilities(z, centre, COLD).probabilities,
    reference: () => [probabilities64(data, new Array(K).fill(0))],
  });
});

test("the mean of rows", async () => {
  await check(await testEngine(), {
    inputs: { x: { shape: [5, K] } },
    op: ({ x }) => rowsMean(x),
    reference: ({ x }) => [Array.from({ length: K }, (_, c) => [0, 1, 2, 3, 4].reduce((sum, r) => sum + x[r * K + c] / 5, 0))],
  });
});

test("the mean of rows, blended into a running mean", async () => {
  await check(await testEngine(), blendCase());
});

describe("blend", () => {
  async function blended(before: ArrayLike<number>, x: ArrayLike<number>, keep: number): Promise<Float32Array> {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const into = graph.fixed(upload(engine, before, "f32"), [before.length]);
    blend(into, graph.fixed(upload(engine, x, "f32"), [x.length]), keep);
    const program = await Program.compile(graph, { into });
    const found = (await program.fetch()).into as Float32Array;
    program.dispose();
    return found;
  }
  const [mine, theirs] = [randoms(300, 1), randoms(300, 2)];

  test("m = 1 leaves a teacher as it is, m = 0 copies the student, to the bit", async () => {
    expect(await blended(mine, theirs, 1)).toEqual(Float32Array.from(mine));
    expect(await blended(mine, theirs, 0)).toEqual(Float32Array.from(theirs));
  });

  test("between them it is the weighted mean", async () => {
    const expected = mine.map((v, i) => 0.996 * v + 0.004 * theirs[i]);
    compare("mean", await blended(mine, theirs, 0.996), expected, 1e-6);
  });

  test("a centre that was 0 is a tenth of the batch's mean after one step of .9", async () => {
    const means = Float64Array.from({ length: 100 }, (_, c) => (theirs[c] + theirs[100 + c] + theirs[200 + c]) / 3);
    compare(
      "centre",
      await blended(new Float64Array(100), theirs, 0.9),
      means.map((v) => 0.1 * v),
      1e-6,
    );
  });
});
