import { describe, expect, test } from "vitest";
import { headScoresCase, headSumsCase, ownScoresCase, prependCase, TALKING, talkCase } from "./cases/talking";
import { check, testEngine } from "./check";
import { prepend, withoutFirst } from "./prepend";
import { headScores, headSums, talk } from "./talking";

describe.each(TALKING)("of $n by $m tokens and $heads heads of $headDim", (sizes) => {
  test("scores of heads are products of their parts, with gradients to both", async () => {
    await check(await testEngine(), headScoresCase(sizes));
  });

  test("a matrix times itself collects both gradients", async () => {
    await check(await testEngine(), ownScoresCase(sizes));
  });

  test("sums of values are weighted head by head, with gradients to both", async () => {
    await check(await testEngine(), headSumsCase(sizes));
  });

  test("heads talk, with gradients to all", async () => {
    await check(await testEngine(), talkCase(sizes));
  });

  test("and so it is on adapters whose lanes cannot pass on what they loaded", async () => {
    const engine = await testEngine({ without: ["subgroups"] });
    for (const made of [headScoresCase, headSumsCase]) await check(engine, made(sizes));
  });
});

test("a row comes before those of each image, and goes again, with gradients to all", async () => {
  const engine = await testEngine();
  const rows = (x: Float64Array, cols: number) =>
    Array.from({ length: x.length / cols }, (_, r) => [...x.subarray(r * cols, (r + 1) * cols)]);
  await check(engine, {
    inputs: { first: { shape: [2, 3], grad: true }, rest: { shape: [8, 3], grad: true } },
    op: ({ first, rest }) => prepend(first, rest),
    reference: ({ first, rest }) => {
      const [f, r] = [rows(first, 3), rows(rest, 3)];
      return [[f[0], ...r.slice(0, 4), f[1], ...r.slice(4)].flat()];
    },
  });
  await check(engine, prependCase());
  await check(engine, {
    inputs: { x: { shape: [10, 3], grad: true } },
    op: ({ x }) => withoutFirst(x, 2),
    reference: ({ x }) => [
      rows(x, 3)
        .filter((_, r) => r % 5 > 0)
        .flat(),
    ],
  });
});

test("what does not fit is refused", async () => {
  const { Graph } = await import("../engine/graph");
  const graph = new Graph(await testEngine());
  const temp = (...shape: number[]) => graph.temp(shape);
  const layout = { batch: 2, heads: 3, headDim: 5 };
  expect(() => headScores(temp(6, 15), temp(8, 14), layout)).toThrow(/headScores/);
  expect(() => headSums(temp(6, 2, 4), temp(8, 15), layout)).toThrow(/headSums/);
  expect(() => talk(temp(6, 2, 4), temp(3, 3), temp(3))).toThrow(/talk/);
  expect(() => talk(temp(8, 3, 4).slice(2, 8), temp(3, 3), temp(3))).toThrow(/talk/);
  expect(() => headSums(temp(8, 3, 4).slice(2, 8), temp(8, 15), layout)).toThrow(/headSums/);
  expect(() => prepend(temp(2, 3), temp(5, 3))).toThrow(/prepend/);
  expect(() => withoutFirst(temp(5, 3), 2)).toThrow(/withoutFirst/);
});
