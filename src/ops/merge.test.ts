import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { selfAttention } from "./attention";
import { alike, BATCH, COLS, DIM, HEADS, INNER, mergeCase, TOKENS } from "./cases/merge";
import { check, compare, randoms, testEngine, upload } from "./check";
import { mergeable, mergeTokens, sizeMean } from "./merge";

/** Merges tokens whose keys are random but for token 5, whose keys are those of token 2. */
async function merged(r: number, lead = 1) {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const qkv = alike();
  const values = Float32Array.from(randoms(BATCH * TOKENS * COLS, 4));
  const [x, both] = [
    graph.fixed(upload(engine, values, "f32"), [BATCH * TOKENS, COLS]),
    graph.fixed(upload(engine, qkv, "f32"), [BATCH * TOKENS, 3 * INNER]),
  ];
  const { trace } = selfAttention(both, { batch: BATCH, heads: HEADS, headDim: DIM, lead });
  const { x: out, ...sizes } = mergeTokens(x, trace, r);
  const again = mergeTokens(
    out,
    { ...trace, keys: TOKENS - r, kv: graph.fixed(upload(engine, qkv, "f32"), [BATCH * (TOKENS - r), 3 * INNER]) },
    1,
    sizes,
  );
  const mean = sizeMean(again.x, again, lead);
  return { ...(await (await Program.compile(graph, { out, ...sizes, mean, twice: again.sizes })).fetch()), values } as Record<
    string,
    Float32Array
  >;
}

test("two tokens of the same key merge first, into their mean, and nothing else changes", async () => {
  await check(await testEngine(), mergeCase());
});

test("the mean of all patches stays what it was, whatever was merged", async () => {
  for (const r of [1, 3, 4]) {
    const { mean, twice, values } = await merged(r);
    const expected = [0, 1].flatMap((b) =>
      Array.from({ length: COLS }, (_, c) => {
        let sum = 0;
        for (let t = 1; t < TOKENS; t++) sum += values[(b * TOKENS + t) * COLS + c];
        return sum / (TOKENS - 1);
      }),
    );
    compare("mean", mean, expected, 1e-5);
    expect(twice.reduce((a, v) => a + v, 0)).toBe(BATCH * TOKENS);
  }
});

test("of a distilled network the second token stays the second, and itself", async () => {
  const { out, sizes, values } = await merged(3, 2);
  for (const b of [0, 1]) {
    const [at, from] = [b * (TOKENS - 3), b * TOKENS];
    expect([...sizes.subarray(at, at + 2)]).toEqual([1, 1]);
    expect([...out.subarray(at * COLS, (at + 2) * COLS)]).toEqual([...values.subarray(from * COLS, (from + 2) * COLS)]);
  }
});

test("half of the tokens at most are merged", () => {
  expect([0, 3, 100].map((r) => mergeable(10, r))).toEqual([0, 3, 4]);
  expect(mergeable(10, 100, 2)).toBe(4);
  expect(mergeable(1, 5)).toBe(0);
});

test("no gradient flows through merged tokens", async () => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const x = graph.fixed(upload(engine, new Float32Array(8), "f32"), [4, 2], "f32", 0, true);
  const { trace } = selfAttention(graph.fixed(upload(engine, new Float32Array(24), "f32"), [4, 6]), { batch: 1, heads: 1, headDim: 2 });
  expect(() => mergeTokens(x, trace, 1)).toThrow(/mergeTokens/);
});
