import { describe, expect, test } from "vitest";
import { Graph, Live, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { crossAttention, selfAttention } from "./attention";
import {
  attentionLogitsCase,
  batch,
  dot,
  gram64,
  gramCase,
  headDim,
  heads,
  inner,
  kept,
  logits64,
  part,
  rowsOf,
  tokens,
  unit64,
  unitRowsCase,
} from "./cases/relations";
import { check, compare, randoms, testEngine, upload } from "./check";
import { distillation } from "./losses";
import { asOp } from "./losses.fixture";
import { attentionLogits, gramLoss, unitRows } from "./relations";
import { softmax64 } from "./softmax.fixture";

test.each([
  [5, 3],
  [1, 1],
  [7, 66],
])("unit rows of [%i, %i], and their gradient", async (rows, cols) => {
  await check(await testEngine(), unitRowsCase(rows, cols));
});

describe("Gram losses", () => {
  test.each([
    { rows: 6, groups: 2, across: false },
    { rows: 6, groups: 3, across: true },
    { rows: 5, groups: 1, across: false },
    { rows: 12, groups: 12, across: false },
  ])("$rows rows in $groups groups, across: $across", async ({ rows, groups, across }) => {
    await check(await testEngine(), gramCase(rows, groups, across));
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
  /** The same for each head by itself. */
  function headLogits64(q: number[][], keys: number[][], T: number, shown?: ArrayLike<number>): number[] {
    const each = Array.from({ length: heads }, (_, h) => {
      const head = (rows: number[][]) => rows.map((row) => row.slice(h * headDim, (h + 1) * headDim));
      return rowsOf(logits64(head(q), head(keys), T, shown), shown ? 3 : tokens);
    });
    return Array.from({ length: batch }, (_, b) => each.map((rows) => rows[b])).flat(2);
  }

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
    await check(await testEngine(), attentionLogitsCase());
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
