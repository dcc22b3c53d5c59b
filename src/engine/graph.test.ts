import { beforeAll, describe, expect, test } from "vitest";
import { randoms, testEngine, upload } from "../ops/check";
import type { Engine } from "./device";
import { type Gradients, Graph, Tensor } from "./graph";
import { Program } from "./program";

const ROWS = 7;
const COLS = 5;

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});

/** Small whole numbers, so that sums are exact in any order. */
const whole = (count: number, seed: number) => randoms(count, seed).map((v) => Math.round(8 * v));

const constant = (graph: Graph, data: ArrayLike<number>, shape: number[], needsGrad = false) =>
  graph.fixed(upload(engine, data, "f32"), shape, "f32", 0, needsGrad);

/** out = a + b, with its gradient. */
function sum(a: Tensor, b: Tensor): Tensor {
  const out = a.graph.temp(a.shape, "f32", a.needsGrad || b.needsGrad);
  const params = { rows: a.rows, cols: a.cols, a_offset: a.offset, a_stride: a.stride, b_offset: b.offset, b_stride: b.stride, every: 1 };
  a.graph.launch("elementwise", "add_rows", { bind: { a, b, out }, params, threads: out.size });
  a.graph.record(out, (g, grads) => {
    grads.alias(a, g);
    grads.alias(b, g);
  });
  return out;
}

/** Rows 0, every, 2 every, ... as a view. */
function rowsOf(x: Tensor, every: number): Tensor {
  const view = new Tensor(x.graph, x.storage, [Math.ceil(x.rows / every), x.cols], x.dtype, x.needsGrad, x.offset, x.stride * every);
  x.graph.record(view, (g, grads) => grads.addRows(x, g, every));
  return view;
}

/** A graph with an input x [ROWS, COLS], a temporary copy of it that takes part in gradients, and a constant. */
function setup() {
  const graph = new Graph(engine);
  const x = constant(graph, whole(ROWS * COLS, 1), [ROWS, COLS], true);
  const c = constant(graph, whole(ROWS * COLS, 2), [ROWS, COLS]);
  return { graph, x, c };
}

/** Differentiates with these upstream gradients; the values of the gradient at `x` and of each piece. */
async function gradientAt(graph: Graph, x: Tensor, upstream: [Tensor, ArrayLike<number>][]) {
  const grads = graph.gradients((g) => {
    for (const [t, values] of upstream) g.alias(t, constant(graph, values, [...t.shape]));
  });
  const { at } = await fetched({ at: grads.of(x) as Tensor }, graph);
  return { grads, x: at };
}

async function fetched(outputs: Record<string, Tensor>, graph: Graph) {
  const program = await Program.compile(graph, outputs);
  const values = await program.fetch();
  program.dispose();
  return values;
}

/** Adds `g`'s rows to those of `into` that lie `every` apart. */
function addRows(into: Float64Array, g: ArrayLike<number>, every: number): Float64Array {
  return into.map((v, i) => v + (Math.floor(i / COLS) % every ? 0 : g[Math.floor(i / COLS / every) * COLS + (i % COLS)]));
}

const seedFor = (t: Tensor, seed: number): [Tensor, Float64Array] => [t, whole(t.size, seed)];

describe("accumulation", () => {
  test("two consumers, and one that takes the tensor twice", async () => {
    const { graph, x, c } = setup();
    const once = seedFor(sum(x, c), 3);
    const twice = seedFor(sum(x, x), 4);
    const { x: found } = await gradientAt(graph, x, [once, twice]);
    expect(found).toEqual(Float32Array.from(once[1], (v, i) => v + 2 * twice[1][i]));
  });

  test("along a chain: what arrives at an intermediate result flows on once", async () => {
    const { graph, x, c } = setup();
    const middle = sum(x, c);
    const end = seedFor(sum(sum(middle, c), middle), 3);
    const { x: found } = await gradientAt(graph, x, [end]);
    expect(found).toEqual(Float32Array.from(end[1], (v) => 2 * v));
  });

  test.each(["dense first", "rows first"])("dense and rows, %s", async (order) => {
    const { graph, x, c } = setup();
    // The tape is walked backwards: what is recorded last arrives first.
    const late = order === "rows first" ? seedFor(sum(x, c), 3) : seedFor(rowsOf(x, 3), 4);
    const early = order === "rows first" ? seedFor(rowsOf(x, 3), 4) : seedFor(sum(x, c), 3);
    const [dense, rows] = order === "rows first" ? [late, early] : [early, late];
    const { x: found } = await gradientAt(graph, x, [late, early]);
    expect(found).toEqual(Float32Array.from(addRows(dense[1], rows[1], 3)));
  });

  test.each([
    [3, 3],
    [2, 3],
    [1, 2],
    [2, 1],
    [1, 1],
    [7, 9],
  ])("rows and rows: every %i. and every %i.", async (a, b) => {
    const { graph, x } = setup();
    const one = seedFor(rowsOf(x, a), 3);
    const two = seedFor(rowsOf(x, b), 4);
    const { x: found } = await gradientAt(graph, x, [one, two]);
    const zero = new Float64Array(ROWS * COLS);
    expect(found).toEqual(Float32Array.from(addRows(addRows(zero, one[1], a), two[1], b)));
  });

  test("rows of rows", async () => {
    const { graph, x } = setup();
    const end = seedFor(rowsOf(rowsOf(x, 2), 2), 3);
    const { x: found } = await gradientAt(graph, x, [end]);
    expect(found).toEqual(Float32Array.from(addRows(new Float64Array(ROWS * COLS), end[1], 4)));
  });

  test("nothing flows where nothing arrived or nothing is wanted", () => {
    const { graph, x, c } = setup();
    const untouched = sum(x, c);
    const constants = sum(c, c);
    const grads = graph.gradients((g) => g.alias(constants, c));
    expect([x, c, untouched, constants].map((t) => grads.of(t))).toEqual([undefined, undefined, undefined, undefined]);
    expect(grads.pieces).toEqual([]);
  });

  test("a gradient of another size is refused", () => {
    const { graph, x } = setup();
    const wrong = constant(graph, [1, 2], [2]);
    expect(() => graph.gradients((g) => g.alias(x, wrong))).toThrow("a gradient of [7,5] is [2], for every 1th row");
    expect(() => graph.gradients((g) => g.addRows(x, wrong, 3))).toThrow("a gradient of [7,5] is [2], for every 3th row");
  });
});

describe("backward kernels read gradients without gaps from the start of their memory", () => {
  async function received(give: (x: Tensor, grads: Gradients, data: Tensor) => void) {
    const { graph, x, c } = setup();
    const middle = sum(x, c);
    let got: Tensor | undefined;
    graph.record(middle, (g) => {
      got = g;
    });
    const data = constant(graph, whole(ROWS * COLS * 2, 5), [ROWS, 2 * COLS]);
    const grads = graph.gradients((g) => give(middle, g, data));
    const g = got as Tensor;
    expect([g.offset, g.stride, g.cols, g.size]).toEqual([0, COLS, COLS, ROWS * COLS]);
    const before = graph.launches.length;
    expect(grads.of(middle)?.storage).toBe(g.storage); // made dense once
    expect(graph.launches.length).toBe(before);
    return (await fetched({ g }, graph)).g;
  }
  const data = () => whole(ROWS * COLS * 2, 5);
  const columns = (x: Tensor, from: number) => new Tensor(x.graph, x.storage, [ROWS, COLS], "f32", false, from, 2 * COLS);

  test("columns of a matrix", async () => {
    const found = await received((x, grads, all) => grads.alias(x, columns(all, 3)));
    expect(found).toEqual(Float32Array.from({ length: 35 }, (_, i) => data()[Math.floor(i / COLS) * 2 * COLS + 3 + (i % COLS)]));
  });

  test("the end of a matrix", async () => {
    const found = await received((x, grads, all) => grads.alias(x, new Tensor(x.graph, all.storage, [ROWS, COLS], "f32", false, 35)));
    expect(found).toEqual(Float32Array.from(data().slice(35)));
  });

  test("rows with gaps", async () => {
    const found = await received((x, grads, all) => grads.addRows(x, new Tensor(x.graph, all.storage, [3, COLS]), 3));
    expect(found).toEqual(Float32Array.from(addRows(new Float64Array(35), data(), 3)));
  });

  test("another shape of the same size", async () => {
    const found = await received((x, grads, all) => grads.alias(x, new Tensor(x.graph, all.storage, [ROWS * COLS])));
    expect(found).toEqual(Float32Array.from(data().slice(0, 35)));
  });
});

describe("views", () => {
  test("a gradient passes a reshape, beside another one", async () => {
    const { graph, x, c } = setup();
    const flat = sum(x.reshape([35]), c.reshape([35]));
    const other = seedFor(sum(x, c), 4);
    const upstream = seedFor(flat, 3);
    const { x: found } = await gradientAt(graph, x, [upstream, other]);
    expect(found).toEqual(Float32Array.from(upstream[1], (v, i) => v + other[1][i]));
  });

  test("a gradient of rows passes a reshape", async () => {
    const { graph, x } = setup();
    const upstream = seedFor(rowsOf(x.reshape([1, ROWS, COLS]), 3), 3);
    const { x: found } = await gradientAt(graph, x, [upstream]);
    expect(found).toEqual(Float32Array.from(addRows(new Float64Array(35), upstream[1], 3)));
  });

  test("views that cannot be are refused", () => {
    const { graph, x, c } = setup();
    expect(() => x.reshape([34])).toThrow("cannot view [7,5] as [34]");
    expect(() => rowsOf(x, 2).reshape([20])).toThrow("cannot view [4,5] as [20]");
    expect(() => sum(x, c).slice(0, 1)).toThrow("only parameters and constants can be sliced");
    expect(() => c.slice(3, 8)).toThrow("cannot slice [7,5] at 3, 8");
    expect(() => rowsOf(c, 2).slice(0, 1)).toThrow("cannot slice [4,5] at 0, 1");
    expect(c.slice(3, 3).size).toBe(0);
    expect(graph.launches).toHaveLength(1);
  });
});

describe("pieces", () => {
  /** The pieces of a parameter, summed into its shape. */
  async function collected(grads: Gradients, parameter: Tensor) {
    const mine = grads.pieces.filter((p) => p.parameter === parameter.storage);
    const values = await fetched(Object.fromEntries(mine.map((p, i) => [`p${i}`, p.tensor])), grads.graph);
    const sum = new Float64Array(parameter.size);
    for (const [i, { from, size, parts }] of mine.entries())
      for (let at = 0; at < size * parts; at++) sum[from + (at % size)] += values[`p${i}`][at];
    return { sum, count: mine.length };
  }

  test("lie apart in one arena, at multiples of 256 bytes", () => {
    const { graph, x } = setup();
    const grads = graph.gradients(() => {});
    const one = grads.piece(x, 3);
    const two = grads.piece(x.slice(2, 4), 1);
    expect([one.shape, two.shape]).toEqual([
      [3, 35],
      [1, 10],
    ]);
    expect([one.storage.offset, two.storage.offset]).toEqual([0, 512]);
    expect([one.storage.parent, two.storage.parent]).toEqual([grads.arena, grads.arena]);
    expect(grads.pieces.map(({ from, size, parts }) => [from, size, parts])).toEqual([
      [0, 35, 3],
      [10, 10, 1],
    ]);
    expect(grads.whole().size).toBe(grads.arena.bytes / 4);
    expect(grads.arena.bytes).toBe(768);
  });

  test("a parameter used like any tensor, whole and in overlapping slices, gets every share once", async () => {
    const { graph, x, c } = setup();
    const all = seedFor(sum(x, c), 3);
    const flat = seedFor(sum(x.reshape([35]), c.reshape([35])), 4);
    const top = seedFor(sum(x.slice(0, 4), c.slice(0, 4)), 5);
    const end = seedFor(sum(x.slice(3, 7), c.slice(0, 4)), 6);
    const rows = seedFor(rowsOf(x, 2), 7);
    const { grads } = await gradientAt(graph, x, [all, flat, top, end, rows]);
    const { sum: found, count } = await collected(grads, x);
    const expected = addRows(
      all[1].map((v, i) => v + flat[1][i] + (top[1][i] ?? 0) + (end[1][i - 15] ?? 0)),
      rows[1],
      2,
    );
    expect(found).toEqual(expected);
    expect(count).toBe(3);
    expect(grads.pieces).toHaveLength(3); // asking again makes no more
    expect((await collected(grads, c)).count).toBe(0);
  });

  test("what a kernel left in a piece and what arrived whole add up", async () => {
    const { graph, x, c } = setup();
    const y = sum(x, c);
    const share = constant(graph, whole(35, 8), [ROWS, COLS]);
    graph.record(y, (_, grads) => {
      const out = grads.piece(x, 1);
      graph.launch("elementwise", "add_rows", {
        constants: { A: false },
        bind: { b: share, out },
        params: { rows: ROWS, cols: COLS, a_offset: 0, a_stride: 0, b_offset: 0, b_stride: COLS, every: 1 },
        threads: 35,
      });
    });
    const upstream = seedFor(y, 3);
    const { grads } = await gradientAt(graph, x, [upstream]);
    expect(await collected(grads, x)).toEqual({ sum: upstream[1].map((v, i) => v + whole(35, 8)[i]), count: 2 });
  });
});
