import { describe, expect, test } from "vitest";
import { Graph, Live, Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { crossAttention, selfAttention } from "./attention";
import { check, compare, randoms, testEngine, upload } from "./check";
import { distillation, type Loss } from "./losses";
import { attentionLogits, type GramPair, gramLoss, unitRows } from "./relations";
import { softmax64 } from "./softmax.fixture";

const rowsOf = (x: ArrayLike<number>, cols: number) =>
  Array.from({ length: x.length / cols }, (_, r) => Array.from({ length: cols }, (_, c) => x[r * cols + c]));
const dot = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);
const unit64 = (x: ArrayLike<number>, cols: number) => rowsOf(x, cols).map((row) => row.map((v) => v / Math.sqrt(dot(row, row))));

test.each([
  [5, 3],
  [1, 1],
  [7, 66],
])("unit rows of [%i, %i], and their gradient", async (rows, cols) => {
  await check(await testEngine(), {
    inputs: { x: { shape: [rows, cols], grad: true } },
    op: ({ x }) => unitRows(x),
    reference: ({ x }) => [unit64(x, cols).flat()],
  });
});

/** The upstream gradient that `check` plants at an op's single value. */
const UPSTREAM = randoms(1, 77)[0];

function asOp(graph: Graph, { value, seed }: Loss): Tensor[] {
  const seen = new Tensor(graph, value.storage, [1], "f32", true);
  graph.record(seen, (_, grads) => seed(UPSTREAM, grads));
  return [seen];
}

/** Mean over groups and pairs of rows of the squared difference of Gram entries. */
function gram64(s: number[][], t: number[][], groups: number, across: boolean): number {
  const items = s.length / groups;
  const at = (g: number, i: number) => (across ? i * groups + g : g * items + i);
  let sum = 0;
  for (let g = 0; g < groups; g++)
    for (let i = 0; i < items; i++)
      for (let j = 0; j < items; j++) sum += (dot(t[at(g, i)], t[at(g, j)]) - dot(s[at(g, i)], s[at(g, j)])) ** 2;
  return sum / (s.length * items);
}

describe("Gram losses", () => {
  test.each([
    { rows: 6, groups: 2, across: false },
    { rows: 6, groups: 3, across: true },
    { rows: 5, groups: 1, across: false },
    { rows: 12, groups: 12, across: false },
  ])("$rows rows in $groups groups, across: $across", async ({ rows, groups, across }) => {
    const pair = (student: Tensor, teacher: Tensor, factor: number): GramPair => ({ student, teacher, groups, across, factor });
    await check(await testEngine(), {
      inputs: { s: { shape: [rows, 4], grad: true }, t: { shape: [rows, 7] } },
      op: ({ s, t }, graph) => asOp(graph, gramLoss([pair(unitRows(s), unitRows(t), 0.3)])),
      reference: ({ s, t }) => [[0.3 * gram64(unit64(s, 4), unit64(t, 7), groups, across)]],
    });
  });

  test("of one student's rows in two ways add up, and so do their gradients", async () => {
    await check(await testEngine(), {
      inputs: { s: { shape: [8, 3], grad: true }, t: { shape: [8, 3] } },
      op: ({ s, t }, graph) => {
        const [student, teacher] = [unitRows(s), unitRows(t)];
        const pairs = [
          { student, teacher, groups: 2, factor: 4 },
          { student, teacher, groups: 4, across: true, factor: 0.1 },
        ];
        return asOp(graph, gramLoss(pairs));
      },
      reference: ({ s, t }) => {
        const [a, b] = [unit64(s, 3), unit64(t, 3)];
        return [[4 * gram64(a, b, 2, false) + 0.1 * gram64(a, b, 4, true)]];
      },
    });
  });

  test("are 0 for rows turned or scaled, and at most 4", async () => {
    const engine = await testEngine();
    const rows = rowsOf(randoms(12, 3), 2);
    const loss = async (t: number[][]) => {
      const graph = new Graph(engine);
      const [student, teacher] = [rows, t].map((x) => unitRows(graph.fixed(upload(engine, x.flat(), "f32"), [6, 2])));
      return (await (await Program.compile(graph, { value: gramLoss([{ student, teacher, groups: 1, factor: 1 }]).value })).fetch())
        .value[0];
    };
    const turned = rows.map(([x, y]) => [Math.cos(1) * x - Math.sin(1) * y, Math.sin(1) * x + Math.cos(1) * y]);
    expect(await loss(turned)).toBeLessThan(1e-12);
    expect(await loss(rows.map(([x, y]) => [3 * x, 3 * y]))).toBeLessThan(1e-12);
    const opposite = await loss(rows.map(([x, y], i) => (i % 2 ? [x, y] : [-x, -y])));
    expect(opposite).toBeGreaterThan(0.1);
    expect(opposite).toBeLessThanOrEqual(4);
    expect(() => gramLoss([{ student: turnedTensor(engine, 6), teacher: turnedTensor(engine, 5), groups: 1, factor: 1 }])).toThrow(/rows/);
  });
});

const turnedTensor = (engine: Awaited<ReturnType<typeof testEngine>>, rows: number) => new Graph(engine).temp([rows, 2]);

describe("attention logits", () => {
  const [batch, tokens, heads, headDim] = [3, 6, 2, 3];
  const inner = heads * headDim;
  const kept = { shape: [batch, 2], dtype: "u32" as const, data: [4, 0, 1, 3, 2, 0] };

  /** sum_h q_h . k_h / (T sqrt(headDim)) of the class token's query and the keys of the tokens shown. */
  function logits64(q: number[][], keys: number[][], T: number, shown?: ArrayLike<number>): number[] {
    return Array.from({ length: batch }, (_, b) => {
      const columns = shown ? [0, 1 + shown[2 * b], 1 + shown[2 * b + 1]] : [...Array(tokens).keys()];
      return columns.map((j) => dot(q[b], keys[b * tokens + j]) / (T * Math.sqrt(headDim)));
    }).flat();
  }

  /** The same for each head by itself. */
  function headLogits64(q: number[][], keys: number[][], T: number, shown?: ArrayLike<number>): number[] {
    const each = Array.from({ length: heads }, (_, h) => {
      const head = (rows: number[][]) => rows.map((row) => row.slice(h * headDim, (h + 1) * headDim));
      return rowsOf(logits64(head(q), head(keys), T, shown), shown ? 3 : tokens);
    });
    return Array.from({ length: batch }, (_, b) => each.map((rows) => rows[b])).flat(2);
  }

  const part = (x: ArrayLike<number>, cols: number, from: number) => rowsOf(x, cols).map((row) => row.slice(from, from + inner));

  test.each([false, true])("of self-attention, a choice of patches: %s", async (some) => {
    await check(await testEngine(), {
      inputs: { qkv: { shape: [batch * tokens, 3 * inner], grad: true }, kept },
      op: ({ qkv, kept }) => {
        const { trace } = selfAttention(qkv, { batch, heads, headDim });
        return attentionLogits([trace], 2, some ? kept : undefined);
      },
      reference: ({ qkv, kept }) => {
        const q = part(qkv, 3 * inner, 0).filter((_, row) => row % tokens === 0);
        return [logits64(q, part(qkv, 3 * inner, inner), 2, some ? kept : undefined)];
      },
    });
  });

  test("of blocks of both kinds, one after the other; gradients of a block used twice add up", async () => {
    await check(await testEngine(), {
      inputs: {
        ...{ qkv: { shape: [batch * tokens, 3 * inner], grad: true } },
        ...{ q: { shape: [batch, inner], grad: true }, kv: { shape: [batch * tokens, 2 * inner], grad: true }, kept },
      },
      op: ({ qkv, q, kv, kept }) => {
        const heads2 = { batch, heads, headDim };
        const self = selfAttention(qkv, heads2).trace;
        return attentionLogits([self, crossAttention(q, kv, heads2).trace, self], 10, kept);
      },
      reference: ({ qkv, q, kv, kept }) => {
        const first = part(qkv, 3 * inner, 0).filter((_, row) => row % tokens === 0);
        const self = logits64(first, part(qkv, 3 * inner, inner), 10, kept);
        return [[...self, ...logits64(rowsOf(q, inner), part(kv, 2 * inner, 0), 10, kept), ...self]];
      },
    });
  });

  test.each([
    { perHead: true, some: false },
    { perHead: true, some: true },
    { perHead: false, some: true },
  ])("at a live temperature, per head: $perHead, a choice of patches: $some, of blocks of both kinds", async ({ perHead, some }) => {
    const of64 = perHead ? headLogits64 : logits64;
    await check(await testEngine(), {
      inputs: {
        ...{ qkv: { shape: [batch * tokens, 3 * inner], grad: true } },
        ...{ q: { shape: [batch, inner], grad: true }, kv: { shape: [batch * tokens, 2 * inner], grad: true }, kept },
      },
      op: ({ qkv, q, kv, kept }) => {
        const traces = [selfAttention(qkv, { batch, heads, headDim }).trace, crossAttention(q, kv, { batch, heads, headDim }).trace];
        return attentionLogits(traces, new Live(3), some ? kept : undefined, perHead);
      },
      reference: ({ qkv, q, kv, kept }) => {
        const first = part(qkv, 3 * inner, 0).filter((_, row) => row % tokens === 0);
        const shown = some ? kept : undefined;
        const keys = part(qkv, 3 * inner, inner);
        return [[...of64(first, keys, 3, shown), ...of64(rowsOf(q, inner), part(kv, 2 * inner, 0), 3, shown)]];
      },
    });
  });

  test("per head, their distillation is the mean over images and heads of KL between attentions", async () => {
    const shape = [batch * tokens, 3 * inner];
    const rows64 = (x: ArrayLike<number>) => {
      const q = part(x, 3 * inner, 0).filter((_, row) => row % tokens === 0);
      return rowsOf(softmax64(headLogits64(q, part(x, 3 * inner, inner), 1), tokens), tokens);
    };
    await check(await testEngine(), {
      inputs: { student: { shape, grad: true }, teacher: { shape } },
      op: ({ student, teacher }, graph) => {
        const logits = (x: Tensor) => attentionLogits([selfAttention(x, { batch, heads, headDim }).trace], 1, undefined, true);
        return asOp(graph, distillation(logits(student), logits(teacher), 1));
      },
      reference: ({ student, teacher }) => {
        const [s, t] = [rows64(student), rows64(teacher)];
        const kl = t.map((row, i) => row.reduce((sum, p, j) => sum + p * Math.log(p / s[i][j]), 0));
        return [[kl.reduce((a, v) => a + v) / (batch * heads)]];
      },
    });
  });

  test("per head, networks with other numbers of heads do not match", async () => {
    const graph = new Graph(await testEngine());
    const logits = (of: number) =>
      attentionLogits([selfAttention(graph.temp([batch * tokens, 36]), { batch, heads: of, headDim: 12 / of }).trace], 1, undefined, true);
    expect(() => distillation(logits(2), logits(3), 1)).toThrow(/do not match/);
  });

  test("softmax of them is the heads' aggregated attention, and equal rows lose nothing", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const data = randoms(batch * tokens * 3 * inner, 4);
    const { trace } = selfAttention(graph.fixed(upload(engine, data, "f32"), [batch * tokens, 3 * inner]), { batch, heads, headDim });
    const u = attentionLogits([trace], 10);
    const { value } = distillation(u, u, 1);
    const found = await (await Program.compile(graph, { u, value })).fetch();
    const [q, k] = [part(data, 3 * inner, 0), part(data, 3 * inner, inner)];
    const aggregated = Array.from({ length: batch }, (_, b) => {
      const logs = Array.from({ length: heads }, (_, h) => {
        const head = (row: number[]) => row.slice(h * headDim, (h + 1) * headDim);
        const scores = Array.from({ length: tokens }, (_, j) => dot(head(q[b * tokens]), head(k[b * tokens + j])) / Math.sqrt(headDim));
        return [...softmax64(scores, tokens)].map(Math.log);
      });
      const powers = logs[0].map((_, j) => Math.exp(logs.reduce((sum, log) => sum + log[j], 0) / 10));
      return powers.map((v) => v / powers.reduce((a, c) => a + c));
    }).flat();
    compare("attention", [...softmax64(found.u, tokens)], aggregated, 1e-6);
    expect(Math.abs(found.value[0])).toBeLessThan(1e-7);
  });
});
