import { describe, test } from "vitest";
import { crossAttention, saliency, selfAttention } from "./attention";
import { check, testEngine } from "./check";
import { topk } from "./select";
import { ATTENTION, choose } from "./variants";

interface Dims {
  batch: number;
  heads: number;
  headDim: number;
  queries: number;
  keys: number;
}

/** Probabilities [batch, heads, queries, keys] from accessors of q and k. */
function probabilities(
  d: Dims,
  q: (b: number, i: number, c: number) => number,
  k: (b: number, j: number, c: number) => number,
): number[][] {
  const rows: number[][] = [];
  for (let b = 0; b < d.batch; b++)
    for (let h = 0; h < d.heads; h++)
      for (let i = 0; i < d.queries; i++) {
        const s = Array.from({ length: d.keys }, (_, j) => {
          let sum = 0;
          for (let c = h * d.headDim; c < (h + 1) * d.headDim; c++) sum += q(b, i, c) * k(b, j, c);
          return sum / Math.sqrt(d.headDim);
        });
        const top = Math.max(...s);
        const e = s.map((v) => Math.exp(v - top));
        const total = e.reduce((a, v) => a + v, 0);
        rows.push(e.map((v) => v / total));
      }
  return rows;
}

function attention64(d: Dims, p: number[][], v: (b: number, j: number, c: number) => number): Float64Array {
  const inner = d.heads * d.headDim;
  const out = new Float64Array(d.batch * d.queries * inner);
  for (let b = 0; b < d.batch; b++)
    for (let i = 0; i < d.queries; i++)
      for (let c = 0; c < inner; c++) {
        const row = p[(b * d.heads + Math.floor(c / d.headDim)) * d.queries + i];
        for (let j = 0; j < d.keys; j++) out[(b * d.queries + i) * inner + c] += row[j] * v(b, j, c);
      }
  return out;
}

const column = (m: ArrayLike<number>, tokens: number, stride: number, from: number) => (b: number, i: number, c: number) =>
  m[(b * tokens + i) * stride + from + c];

const cases = [
  { batch: 2, heads: 2, headDim: 4, queries: 9, keys: 9 },
  { batch: 1, heads: 3, headDim: 5, queries: 7, keys: 7 },
  { batch: 2, heads: 2, headDim: 16, queries: 65, keys: 65 },
];

describe.each(Object.keys(ATTENTION))("attention by %s", (name) => {
  test.for(cases)("self: heads of $headDim, $keys tokens", async (d, { skip }) => {
    const engine = await testEngine();
    if (!ATTENTION[name].runs(engine.facts)) skip(`${name} does not run on ${engine.facts.name}`);
    choose(engine, { attentionForward: name, attentionBackward: name });
    const inner = d.heads * d.headDim;
    await check(engine, {
      inputs: { qkv: { shape: [d.batch * d.keys, 3 * inner], grad: true } },
      op: ({ qkv }) => selfAttention(qkv, d).out,
      reference: ({ qkv }) => {
        const part = (from: number) => column(qkv, d.keys, 3 * inner, from);
        return [attention64(d, probabilities(d, part(0), part(inner)), part(2 * inner))];
      },
    });
  });

  test("cross: one query", async ({ skip }) => {
    const engine = await testEngine();
    if (!ATTENTION[name].runs(engine.facts)) skip(`${name} does not run on ${engine.facts.name}`);
    choose(engine, { attentionForward: name, attentionBackward: name });
    const d = { batch: 3, heads: 2, headDim: 4, queries: 1, keys: 10 };
    await check(engine, {
      inputs: { q: { shape: [3, 8], grad: true }, kv: { shape: [30, 16], grad: true } },
      op: ({ q, kv }) => crossAttention(q, kv, d).out,
      reference: ({ q, kv }) => [attention64(d, probabilities(d, column(q, 1, 8, 0), column(kv, 10, 16, 0)), column(kv, 10, 16, 8))],
    });
  });
});

const readings = [
  ["cls", "code", false],
  ["cls", "eq2", false],
  ["cls", "code", true],
  ["lead", "code", false],
  ["lead", "eq2", true],
  ["patches", "code", false],
  ["patches", "eq2", false],
  ["patches", "eq2", true],
] as const;
const led = readings.flatMap((reading) => [1, 2].map((lead) => [...reading, lead] as const));

test.for(Object.keys(ATTENTION).flatMap((name) => led.map((reading) => [...reading, name] as const)))(
  "saliency: %s queries, %s reading, heads apart: %s, %i before the patches, by %s",
  async ([queries, reading, perHead, lead, name], { skip }) => {
    const engine = await testEngine();
    if (!ATTENTION[name].runs(engine.facts)) skip(`${name} does not run on ${engine.facts.name}`);
    choose(engine, { attentionBackward: name });
    const d = { batch: 2, heads: 3, headDim: 4, queries: 6, keys: 6, lead };
    const n = 6 - lead;
    await check(engine, {
      inputs: { qkv: { shape: [12, 36] } },
      op: ({ qkv }) => saliency(selfAttention(qkv, d).trace, { queries, reading, perHead }),
      reference: ({ qkv }) => {
        const p = probabilities(d, column(qkv, 6, 36, 0), column(qkv, 6, 36, 12));
        const heads = Array.from({ length: 6 }, (_, bh) => {
          const [from, to] = { cls: [0, 1], lead: [0, lead], patches: [lead, 6] }[queries];
          const rows = p.slice(bh * 6 + from, bh * 6 + to);
          return Array.from({ length: n }, (_, j) => {
            const rest = (row: number[]) => row.slice(lead).reduce((a, v) => a + v, 0);
            const each = rows.map((row) => (reading === "eq2" ? row[j + lead] / rest(row) : row[j + lead]));
            return each.reduce((a, v) => a + v, 0) / each.length;
          });
        });
        if (perHead) return [heads.flat()];
        const mean = (b: number, j: number) => (heads[3 * b][j] + heads[3 * b + 1][j] + heads[3 * b + 2][j]) / 3;
        return [Array.from({ length: 2 * n }, (_, i) => mean(Math.floor(i / n), i % n))];
      },
    });
  },
);

/** Queries and keys of one image whose class token attends exactly as `rows` say, a row per head of one number. */
function attending(rows: number[][]): number[] {
  const tokens = rows[0].length;
  return Array.from({ length: tokens }, (_, token) => [
    ...rows.map(() => 1),
    ...rows.map((row) => Math.log(row[token])),
    ...rows.map(() => 0),
  ]).flat();
}

test.each(["code", "eq2"] as const)("which patch the %s reading picks", async (reading) => {
  const rows = [
    [0.9, 0.08, 0.02],
    [0.1, 0.36, 0.54],
  ];
  const d = { batch: 1, heads: 2, headDim: 1 };
  await check(await testEngine(), {
    inputs: { qkv: { shape: [3, 6], data: attending(rows) } },
    op: ({ qkv }) => {
      const score = saliency(selfAttention(qkv, d).trace, { reading });
      return [score, topk(score, 1)];
    },
    reference: () => (reading === "code" ? [[0.22, 0.28], [1]] : [[0.6, 0.4], [0]]),
  });
});

test("Eq. 2 ranks the patches of a head that attends to almost nothing but the class token", async () => {
  const d = { batch: 1, heads: 1, headDim: 1 };
  const qkv = [1, 60, 0, 1, 0, 0, 1, Math.log(3), 0];
  await check(await testEngine(), {
    inputs: { qkv: { shape: [3, 3], data: qkv } },
    op: ({ qkv }) => saliency(selfAttention(qkv, d).trace, { reading: "eq2" }),
    reference: () => [[0.25, 0.75]],
  });
});
