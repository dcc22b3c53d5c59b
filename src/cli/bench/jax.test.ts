/** jax-js computes the same step: compared with a plain float64 ViT written out here, and with finite differences of it. */
import { beforeAll, expect, test } from "vitest";
import type { Setup, Weights } from "./contest";
import { makeSetup, normals, type Options, randomVit, type Tensors } from "./defaults";
import { keptPatches, vitShape } from "./flops";
import { jaxGradients } from "./jax";
import { offerGPU } from "./navigator.node";

const STUDENT = { width: 8, depth: 2, hidden: 16, classes: 3, channels: 2, patch: 2, patches: 9 };
const TEACHER = { ...STUDENT, width: 12, depth: 1, hidden: 24 };

beforeAll(async () => {
  await offerGPU();
});

test.each(["vit-step", "maskedkd-step", "maskedkd-full-step"] as const)("%s: loss and gradient", async (task) => {
  const setup = tiny(task);
  const { loss, grads } = await jaxGradients(setup);
  expect(loss).toBeCloseTo(referenceLoss(setup), 5);
  expect([...grads.keys()]).toEqual([...setup.student.keys()]);
  for (const [name, { shape, data }] of grads) {
    expect(shape, name).toEqual(setup.student.get(name)!.shape);
    const along = Float64Array.from(data, normals(data.length));
    const slope = data.reduce((sum, g, i) => sum + g * along[i]!, 0);
    expect(slope, name).toBeCloseTo(slopeAlong(setup, name, along), 4);
  }
});

function tiny(task: Setup["task"]): Setup {
  const normal = normals(7);
  const batch: Tensors = new Map([
    ["images", { shape: [3, 2, 6, 6], data: Float32Array.from({ length: 216 }, normal) }],
    ["labels", { shape: [3], data: [2, 0, 1] }],
  ]);
  const options: Options = { task, host: "node", rounds: 1, heads: [2, 3], keep: 0.4, seed: 0, peer: true, json: true, files: {} };
  return makeSetup(options, { student: randomVit(STUDENT, normal), teacher: randomVit(TEACHER, normal), batch });
}

/** Central difference of the reference loss, all of one tensor moved at once. */
function slopeAlong(setup: Setup, name: string, along: Float64Array): number {
  const h = 1e-4;
  const moved = (by: number) => {
    const { shape, data } = setup.student.get(name)!;
    // Float64 in a Float32Array's place: the reference only reads numbers.
    const tensor = { shape, data: Float64Array.from(data, (x, i) => x + by * along[i]!) as unknown as Float32Array };
    return referenceLoss({ ...setup, student: new Map([...setup.student, [name, tensor]]) });
  };
  return (moved(h) - moved(-h)) / (2 * h);
}

type Matrix = number[][];

function referenceLoss(setup: Setup): number {
  const k = keptPatches(setup, STUDENT.patches);
  const all = Array.from({ length: STUDENT.patches }, (_, i) => i);
  const losses = [...setup.labels].map((label, b) => {
    const student = forward(setup.student, setup.heads[0], patchesOf(setup, b), all);
    const p = softmax(student.logits);
    const ce = -Math.log(p[label]!);
    if (setup.task === "vit-step") return ce;
    const kept = [...all].sort((i, j) => student.score[j]! - student.score[i]!).slice(0, k);
    const t = softmax(forward(setup.teacher, setup.heads[1], patchesOf(setup, b), kept).logits);
    return ce + t.reduce((sum, x, i) => sum + x * Math.log(x / p[i]!), 0);
  });
  return losses.reduce((a, b) => a + b) / losses.length;
}

/** One image: rows of C P P pixels. */
function patchesOf({ images, imageShape, student }: Setup, b: number): Matrix {
  const [, channels, height, width] = imageShape as [number, number, number, number];
  const { patch, patches } = vitShape(student);
  const across = width / patch;
  return Array.from({ length: patches }, (_, n) =>
    Array.from({ length: channels * patch * patch }, (_, i) => {
      const [c, y, x] = [Math.floor(i / patch / patch), Math.floor(i / patch) % patch, i % patch];
      return images[((b * channels + c) * height + Math.floor(n / across) * patch + y) * width + (n % across) * patch + x]!;
    }),
  );
}

function forward(w: Weights, heads: number, patches: Matrix, chosen: number[]): { logits: number[]; score: number[] } {
  const { width, depth } = vitShape(w);
  const position = rows(w, "pos_embed", width);
  const embedded = linear(w, "patch_embed.proj", patches);
  let x = [plus(rows(w, "cls_token", width)[0]!, position[0]!), ...chosen.map((i) => plus(embedded[i]!, position[i + 1]!))];
  let score: number[] = [];
  for (let i = 0; i < depth; i++) {
    const mixed = attend(linear(w, `blocks.${i}.attn.qkv`, norm(w, `blocks.${i}.norm1`, x)), heads);
    score = mixed.score;
    x = sum(x, linear(w, `blocks.${i}.attn.proj`, mixed.out));
    const hidden = linear(w, `blocks.${i}.mlp.fc1`, norm(w, `blocks.${i}.norm2`, x)).map((row) => row.map(gelu));
    x = sum(x, linear(w, `blocks.${i}.mlp.fc2`, hidden));
  }
  return { logits: linear(w, "head", norm(w, "norm", x))[0]!, score };
}

function attend(qkv: Matrix, heads: number): { out: Matrix; score: number[] } {
  const width = qkv[0]!.length / 3;
  const size = width / heads;
  const out: Matrix = qkv.map(() => []);
  const score = new Array<number>(qkv.length - 1).fill(0);
  for (let h = 0; h < heads; h++) {
    const part = (row: number[], which: number) => row.slice(which * width + h * size, which * width + (h + 1) * size);
    for (const [i, row] of qkv.entries()) {
      const p = softmax(qkv.map((other) => dot(part(row, 0), part(other, 1)) / Math.sqrt(size)));
      if (i === 0) for (let n = 0; n < score.length; n++) score[n]! += p[n + 1]! / heads;
      for (let d = 0; d < size; d++)
        out[i]!.push(
          dot(
            p,
            qkv.map((other) => part(other, 2)[d]!),
          ),
        );
    }
  }
  return { out, score };
}

function rows(w: Weights, name: string, length: number): Matrix {
  const { data } = w.get(name)!;
  return Array.from({ length: data.length / length }, (_, i) => [...data.subarray(i * length, (i + 1) * length)]);
}

function linear(w: Weights, name: string, x: Matrix): Matrix {
  const weight = rows(w, `${name}.weight`, x[0]!.length);
  const bias = w.get(`${name}.bias`)!.data;
  return x.map((row) => weight.map((line, o) => dot(row, line) + bias[o]!));
}

function norm(w: Weights, name: string, x: Matrix): Matrix {
  const [scale, shift] = [w.get(`${name}.weight`)!.data, w.get(`${name}.bias`)!.data];
  return x.map((row) => {
    const mean = row.reduce((a, b) => a + b) / row.length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
    return row.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-6)) * scale[i]! + shift[i]!);
  });
}

function softmax(x: number[]): number[] {
  const e = x.map((value) => Math.exp(value - Math.max(...x)));
  const total = e.reduce((a, b) => a + b);
  return e.map((value) => value / total);
}

const dot = (a: number[], b: number[]) => a.reduce((total, value, i) => total + value * b[i]!, 0);
const plus = (a: number[], b: number[]) => a.map((value, i) => value + b[i]!);
const sum = (a: Matrix, b: Matrix) => a.map((row, i) => plus(row, b[i]!));

/** x Φ(x), with Φ from the Taylor series of erf: exact to float64 at these small arguments. */
function gelu(x: number): number {
  const z = x / Math.SQRT2;
  let [term, series] = [z, z];
  for (let n = 1; n < 200; n++) {
    term *= (-z * z) / n;
    series += term / (2 * n + 1);
  }
  return 0.5 * x * (1 + (2 / Math.sqrt(Math.PI)) * series);
}
