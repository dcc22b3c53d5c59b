/**
 * Our ops against the published operator tests of ONNX (github.com/onnx/onnx, Apache-2.0): an outside opinion on what each
 * op means. A case is arranged for our layout on the host (weights transposed, heads laid side by side, class weights
 * written as soft targets); what no arrangement expresses is listed with the reason. This file lies here, not in ops,
 * because the cases come through this layer's fixture.
 */
import { afterAll, describe, expect, test } from "vitest";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { crossAttention } from "../../ops/attention";
import { compare, testEngine, upload } from "../../ops/check";
import { linear } from "../../ops/linear";
import { crossEntropy, mean, sum } from "../../ops/losses";
import { layerNorm } from "../../ops/norm";
import { transpose64 } from "../../ops/reference";
import { type Grid, resize } from "../../ops/resize";
import { logSoftmax, softmax } from "../../ops/softmax";
import { hasShared, sharedJson } from "../shared.fixture";

interface Value {
  name: string;
  dtype: string;
  shape: number[];
  data: number[];
}

interface Case {
  name: string;
  op: string;
  attrs: Record<string, unknown>;
  inputs: Value[];
  outputs: Value[];
}

/** Results of our ops and what the case expects; or why the case cannot be run. */
type Answer = { found: Tensor; expected: ArrayLike<number> }[] | string;
type Put = (shape: number[], data: ArrayLike<number>, dtype?: "f32" | "u32") => Tensor;
type Runner = (c: Case, put: Put) => Answer;

const product = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

const matMul: Runner = ({ inputs: [a, b], outputs }, put) => {
  if (a.shape.length > 2 || b.shape.length > 2) return "batched";
  const k = a.shape[a.shape.length - 1];
  const [m, n] = [a.data.length / k, b.data.length / k];
  return [{ found: linear(put([m, k], a.data), put([n, k], transpose64(b.data, k, n))), expected: outputs[0].data }];
};

const gemm: Runner = ({ attrs, inputs: [a, b, c], outputs }, put) => {
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attrs;
  if (alpha !== 1 || beta !== 1 || transA) return "scaled factors or a transposed A";
  const [m, k] = a.shape;
  const n = b.shape[transB ? 0 : 1];
  const w = put([n, k], transB ? b.data : transpose64(b.data, k, n));
  const residual = c?.data.length === m * n ? put([m, n], c.data) : undefined;
  const bias =
    c && !residual
      ? put(
          [n],
          Array.from({ length: n }, (_, i) => c.data[i % c.data.length]),
        )
      : undefined;
  return [{ found: linear(put([m, k], a.data), w, { residual, bias }), expected: outputs[0].data }];
};

const lastAxis =
  (op: (x: Tensor) => Tensor): Runner =>
  ({ attrs: { axis = -1 }, inputs: [x], outputs }, put) =>
    axis === -1 || axis === x.shape.length - 1
      ? [{ found: op(put(x.shape, x.data)), expected: outputs[0].data }]
      : "an axis other than the last";

const layerNormalization: Runner = ({ attrs, inputs: [x, w, b], outputs }, put) => {
  const { axis = -1, epsilon = 1e-5 } = attrs as { axis?: number; epsilon?: number };
  const d = product(x.shape.slice(axis));
  const found = layerNorm(put([x.data.length / d, d], x.data), put([d], w.data), put([d], b.data), epsilon);
  return [{ found, expected: outputs[0].data }];
};

const gelu: Runner = ({ attrs, inputs: [x], outputs }, put) =>
  attrs.approximate === "tanh"
    ? "the tanh approximation"
    : [{ found: linear(put([x.data.length, 1], x.data), put([1, 1], [1]), { activation: "gelu" }), expected: outputs[0].data }];

const globalAveragePool: Runner = ({ inputs: [x], outputs }, put) => {
  const planes = x.shape[0] * x.shape[1];
  return [{ found: mean(put([planes, x.data.length / planes], x.data)).rows, expected: outputs[0].data }];
};

/** [batch, heads, tokens, d] -> [batch, tokens, heads, d]; three axes are in that order already. */
function sideBySide({ shape, data }: Value): ArrayLike<number> {
  if (shape.length === 3) return data;
  const [, heads, tokens, d] = shape;
  return data.map((_, i) => {
    const [b, t, h, c] = [Math.floor(i / (heads * tokens * d)), Math.floor(i / (heads * d)) % tokens, Math.floor(i / d) % heads, i % d];
    return data[((b * heads + h) * tokens + t) * d + c];
  });
}

const attention: Runner = ({ attrs, inputs: [q, k, v, ...rest], outputs }, put) => {
  if (rest.length > 0) return "a mask or padding";
  if (outputs.length > 1) return "asks for the scores, which are never stored";
  if (attrs.scale !== undefined) return "a scale other than 1/sqrt(head)";
  if (k.data.length !== v.data.length) return "values of another width than keys";
  const batch = q.shape[0];
  const heads = q.shape.length === 4 ? q.shape[1] : (attrs.q_num_heads as number);
  const [queries, keys] = [q, k].map(({ shape }) => shape[shape.length - 2]);
  const inner = q.data.length / batch / queries;
  const [keyRows, valueRows] = [sideBySide(k), sideBySide(v)];
  const kv = Array.from({ length: 2 * keyRows.length }, (_, i) => {
    const [row, col] = [Math.floor(i / (2 * inner)), i % (2 * inner)];
    return col < inner ? keyRows[row * inner + col] : valueRows[row * inner + col - inner];
  });
  const shape = { batch, heads, headDim: inner / heads };
  const { out } = crossAttention(put([batch * queries, inner], sideBySide(q)), put([batch * keys, 2 * inner], kv), shape);
  return [{ found: out, expected: sideBySide({ ...outputs[0] }) }];
};

/** ONNX's coordinate transformations along one axis of length n, to m by `scale`, with the region of interest [r0, r1]. */
const COORDINATES: Record<string, (n: number, m: number, scale: number, r0: number, r1: number) => { start: number; step: number }> = {
  half_pixel: (_n, _m, scale) => ({ step: 1 / scale, start: 0.5 / scale - 0.5 }),
  half_pixel_symmetric: (n, m, scale) => ({ step: 1 / scale, start: (n / 2) * (1 - m / (scale * n)) + 0.5 / scale - 0.5 }),
  pytorch_half_pixel: (_n, m, scale) => ({ step: 1 / scale, start: m > 1 ? 0.5 / scale - 0.5 : 0 }),
  align_corners: (n, _m, scale) => ({ step: (n - 1) / (scale * n - 1), start: 0 }),
  tf_crop_and_resize: (n, m, _scale, r0, r1) => ({ step: ((r1 - r0) * (n - 1)) / (m - 1), start: r0 * (n - 1) }),
};

const resizeCase: Runner = ({ attrs, inputs, outputs }, put) => {
  const { mode, antialias = 0, coordinate_transformation_mode = "half_pixel" } = attrs;
  if (mode !== "linear") return `${mode} interpolation`;
  if (antialias) return "antialiasing";
  const [x, ...rest] = inputs;
  const scales = rest.find((v) => v.name === "scales")?.data.slice(-2);
  const roi = rest.find((v) => v.name === "roi")?.data ?? [];
  const half = roi.length / 2;
  const size = outputs[0].shape.slice(-2) as [number, number];
  const axes = x.shape.slice(-2).map((n, i) => {
    const line = COORDINATES[coordinate_transformation_mode as string];
    return line(n, size[i], scales?.[i] ?? size[i] / n, roi[half - 2 + i], roi[2 * half - 2 + i]);
  });
  const outside = axes.some(({ start, step }, i) => start < 0 || start + (size[i] - 1) * step > x.shape[i + 2] - 1);
  if (roi.length && outside) return "a fill value outside the image";
  const grid: Grid = { start: [axes[0].start, axes[1].start], step: [axes[0].step, axes[1].step] };
  return [{ found: resize(put(x.shape, x.data), size, grid), expected: outputs[0].data }];
};

/** One-hot rows times the class's weight, zero where the label is ignored; for a mean, scaled by batch / their sum. */
function softTargets(labels: number[], classes: number, w: number[] | undefined, ignored: unknown, reduction: unknown): number[] {
  const weights = labels.map((y) => (y === ignored ? 0 : (w?.[y] ?? 1)));
  const scale = reduction === "mean" ? labels.length / weights.reduce((a, b) => a + b) : 1;
  return labels.flatMap((y, b) => Array.from({ length: classes }, (_, c) => (c === y ? scale * weights[b] : 0)));
}

const softmaxCrossEntropy: Runner = ({ attrs, inputs: [x, y, w], outputs }, put) => {
  if (x.shape.length > 2) return "classes on an axis other than the last";
  const logits = put(x.shape, x.data);
  const plain = !w && attrs.ignore_index === undefined;
  const truth = plain
    ? { labels: put(y.shape, y.data, "u32") }
    : { targets: put(x.shape, softTargets(y.data, x.shape[1], w?.data, attrs.ignore_index, attrs.reduction)) };
  const loss = crossEntropy(logits, truth);
  const reduced = { none: () => loss.rows, sum: () => sum(loss.rows).value, mean: () => loss.value };
  const found = [reduced[attrs.reduction as keyof typeof reduced](), logSoftmax(logits)];
  return outputs.map(({ data }, i) => ({ found: found[i], expected: data }));
};

/** How to run each operator we have, and how many of its cases our op can run. */
const RUNNERS: Record<string, [number, Runner]> = {
  MatMul: [2, matMul],
  Gemm: [6, gemm],
  Softmax: [4, lastAxis(softmax)],
  LogSoftmax: [3, lastAxis(logSoftmax)],
  LayerNormalization: [13, layerNormalization],
  Gelu: [0, gelu],
  GlobalAveragePool: [2, globalAveragePool],
  Attention: [3, attention],
  Resize: [8, resizeCase],
  SoftmaxCrossEntropyLoss: [12, softmaxCrossEntropy],
};

/** Runs a case; returns why it does not apply, if it does not. */
async function run(c: Case, runner: Runner): Promise<string | undefined> {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const answer = runner(c, (shape, data, dtype = "f32") => graph.fixed(upload(engine, data, dtype), shape, dtype));
  if (typeof answer === "string") return answer;
  const outputs = Object.fromEntries(answer.map(({ found }, i) => [`out${i}`, found]));
  const program = await Program.compile(graph, outputs);
  const fetched = await program.fetch();
  program.dispose();
  for (const [i, { expected }] of answer.entries()) compare(`${c.name} output ${i}`, fetched[`out${i}`], expected, 1e-5);
  return undefined;
}

describe.skipIf(!hasShared)("published operator cases", () => {
  const cases = hasShared ? sharedJson<Case[]>("ops/onnx_ops.json") : [];
  const left: string[] = [];

  test.each(Object.entries(RUNNERS))("%s", async (op, [count, runner]) => {
    let ran = 0;
    for (const c of cases.filter((one) => one.op === op)) {
      const reason = await run(c, runner);
      if (reason === undefined) ran++;
      else left.push(`${c.name}: ${reason}`);
    }
    expect(ran).toBe(count);
  });

  afterAll(() => console.info(`not applicable to our ops (${left.length}):\n  ${left.join("\n  ")}`));
});
