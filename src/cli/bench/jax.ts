/**
 * The peer: the same training steps written in jax-js, the way its authors would have them written. One `jit` holds
 * forward, loss, backward (`valueAndGrad`) and Adam; parameters and moments are handed over to it each step; nothing
 * comes back to the host but the news that the GPU is done.
 *
 * There are two: "jax-js" is the model as one writes it. "jax-js-tuned" computes only the class token's row of the last
 * block, written out by hand because jax-js does not find that by itself: 1.24 times faster, and the fastest formulation
 * found. `nn.standardize`, separate q, k and v, two-dimensional linears and batched weight gradients changed nothing or
 * cost up to 8 %.
 *
 * jax-js counts references: a function eats its arguments, `.ref` keeps one for later.
 */
import { blockUntilReady, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { type Contestant, meanSquare, type Runner, type Setup, type Weights } from "./contest";
import { keptPatches, vitShape } from "./flops";
import { convolution } from "./jax.conv";
import { detectorBatch, detectorLoss } from "./jax.detection";
import { isConv } from "./tasks";

type Arr = np.Array;
type Params = Record<string, Arr>;
type Batch = { patches: Arr; labels: Arr };
type LossArgs = [student: Params, batch: Record<string, Arr>, teacher: Params];
type Moments = { m: Params; v: Params };

const DEVICE = { device: "webgpu" } as const;

const contestant = (name: string, tuned: boolean): Contestant => ({
  name,
  async start(setup) {
    await ready();
    if (isConv(setup.task)) return convolution(setup);
    return setup.task === "matmul-512" ? product(setup) : training(setup, tuned);
  },
});

export const jax = contestant("jax-js", false);
export const jaxTuned = contestant("jax-js-tuned", true);

/** Loss and gradient of every student parameter: a second, independent autodiff to compare with. */
export async function jaxGradients(setup: Setup): Promise<{ loss: number; grads: Weights }> {
  await ready();
  const derivative = valueAndGrad(lossOf(setup, true));
  const differentiate = jit((...args: LossArgs) => derivative(...args) as [Arr, Params]);
  const [loss, gradients] = differentiate(...inputs(setup));
  const grads: Weights = new Map();
  for (const [name, { shape }] of setup.student) grads.set(name, { shape, data: Float32Array.from(await gradients[name]!.data()) });
  const value = (await loss.data())[0]!;
  differentiate.dispose();
  return { loss: value, grads };
}

async function ready(): Promise<void> {
  const found = await init("webgpu");
  if (!found.includes("webgpu")) throw new Error("jax-js found no WebGPU adapter");
}

/** C = A B, with the result kept: jax-js never computes a result that is not kept. */
function product({ images, imageShape }: Setup): Runner {
  const n = imageShape[1]!;
  const [a, b] = [0, 1].map((i) => np.array(images.slice(i * n * n, (i + 1) * n * n), { shape: [n, n], ...DEVICE })) as [Arr, Arr];
  const multiply = jit((x: Arr, y: Arr) => np.matmul(x, y));
  let c: Arr | undefined;
  return {
    async step() {
      c?.dispose();
      c = multiply(a.ref, b.ref);
      await blockUntilReady(c);
    },
    async loss() {
      return meanSquare(await c!.ref.data());
    },
    stop() {
      tree.dispose([a, b, c!]);
      multiply.dispose();
    },
  };
}

function training(setup: Setup, tuned: boolean): Runner {
  const update = jit(updateOf(setup, tuned));
  let [student, batch, teacher] = inputs(setup);
  let moments: Moments = { m: zeros(setup.student), v: zeros(setup.student) };
  let loss: Arr | undefined;
  let steps = 0;
  return {
    async step() {
      loss?.dispose();
      const rates = np.array(adamRates(++steps), DEVICE);
      [loss, student, moments] = update(student, moments, rates, tree.ref(batch), tree.ref(teacher)) as [Arr, Params, Moments];
      await blockUntilReady(loss);
    },
    loss: async () => (await loss!.ref.data())[0]!,
    stop() {
      tree.dispose([loss!, student, moments, batch, teacher] as Parameters<typeof tree.dispose>[0]);
      update.dispose();
    },
  };
}

/** The two numbers of Adam that change with the step: bias correction folded into the rate and into epsilon. */
function adamRates(step: number): Float32Array<ArrayBuffer> {
  const root = Math.sqrt(1 - 0.999 ** step);
  return new Float32Array([(1e-3 * root) / (1 - 0.9 ** step), 1e-8 * root]);
}

/** One whole step: (student, moments, rates, batch, teacher) -> [loss, student, moments]. */
function updateOf(setup: Setup, tuned: boolean) {
  const differentiate = valueAndGrad(lossOf(setup, tuned));
  return (student: Params, { m, v }: Moments, rates: Arr, batch: Record<string, Arr>, teacher: Params) => {
    const [loss, grads] = differentiate(tree.ref(student), batch, teacher) as [Arr, Params];
    const next: [Params, Params, Params] = [{}, {}, {}];
    for (const name of Object.keys(student)) {
      const [g, rate, epsilon] = [grads[name]!, rates.ref.slice(0), rates.ref.slice(1)];
      const m1 = m[name]!.mul(0.9).add(g.ref.mul(0.1));
      const v1 = v[name]!.mul(0.999).add(np.square(g).mul(0.001));
      next[0][name] = student[name]!.sub(m1.ref.mul(rate).div(np.sqrt(v1.ref).add(epsilon)));
      next[1][name] = m1;
      next[2][name] = v1;
    }
    rates.dispose();
    return [loss, next[0], { m: next[1], v: next[2] }];
  };
}

/** The task's loss as a function of (student, batch, teacher). */
function lossOf(setup: Setup, tuned: boolean): (...args: LossArgs) => Arr {
  return setup.detector ? detectorLoss(setup.detector) : (vitLoss(setup, tuned) as (...args: LossArgs) => Arr);
}

function vitLoss(setup: Setup, tuned: boolean) {
  const shape = vitShape(setup.student);
  const kept = keptPatches(setup, shape.patches);
  const masked = kept < shape.patches;
  return (student: Params, { patches, labels }: Batch, teacher: Params): Arr => {
    const { logits, attention } = vit(student, setup.heads[0], patches.ref, tuned);
    const logP = nn.logSoftmax(logits);
    const ce = np.sum(labels.mul(logP.ref)).mul(-1 / setup.imageShape[0]!);
    if (setup.task === "vit-step") {
      for (const unused of [patches, attention, logP]) unused.dispose();
      return ce;
    }
    const chosen = masked ? mostAttended(attention.ref, kept) : undefined;
    attention.dispose();
    const seen = vit(teacher, setup.heads[1], patches, tuned, chosen);
    seen.attention.dispose();
    return ce.add(divergence(lax.stopGradient(seen.logits), logP));
  };
}

/** KL(teacher || student), summed over classes and averaged over the batch. */
function divergence(teacherLogits: Arr, logP: Arr): Arr {
  const logT = nn.logSoftmax(teacherLogits);
  const batch = logP.shape[0]!;
  return np.sum(np.exp(logT.ref).mul(logT.sub(logP))).mul(1 / batch);
}

/** Indices [B, k] of the patches the class token attends to most, mean over heads. */
function mostAttended(attention: Arr, k: number): Arr {
  const score = lax.stopGradient(attention).slice([], [], 0, [1, attention.shape[3]!]).mean(1);
  const [values, indices] = lax.topK(score, k);
  values.dispose();
  return indices;
}

/**
 * Pre-norm ViT on `chosen` patches (all if absent): logits [B, K] and the last block's attention [B, H, T, T], of which
 * `tuned` computes only the first row.
 */
function vit(p: Params, heads: number, patches: Arr, tuned: boolean, chosen?: Arr): { logits: Arr; attention: Arr } {
  const depth = Object.keys(p).filter((name) => name.endsWith("norm1.weight")).length;
  let x = embed(p, patches, chosen);
  const tokens = x.shape[1]!;
  let attention: Arr | undefined;
  for (let i = 0; i < depth; i++) {
    attention?.dispose();
    [x, attention] = block(p, `blocks.${i}.`, x, heads, tuned && i === depth - 1 ? 1 : tokens);
  }
  return { logits: linear(p, "head", layerNorm(p, "norm", x.slice([], 0))), attention: attention! };
}

/** Class token and chosen patches, with their positions: [B, 1 + k, D]. Dropped patches are never embedded. */
function embed(p: Params, patches: Arr, chosen?: Arr): Arr {
  const [batch] = patches.shape as [number];
  const position = p.pos_embed!;
  const [, count, width] = position.shape as [number, number, number];
  const cls = p.cls_token!.add(position.ref.slice([], [0, 1]));
  let place = position.slice([], [1, count]);
  let seen = patches;
  if (chosen) {
    seen = np.takeAlongAxis(patches, chosen.ref.reshape([batch, -1, 1]), 1);
    place = np.take(place.reshape([-1, width]), chosen, 0);
  }
  const kernel = p["patch_embed.proj.weight"]!.reshape([width, -1]);
  const tokens = affine(seen, kernel, p["patch_embed.proj.bias"]!).add(place);
  return np.concatenate([np.broadcastTo(cls, [batch, 1, width]), tokens], 1);
}

/** One block; only its first `rows` tokens are computed to the end. */
function block(p: Params, at: string, x: Arr, heads: number, rows: number): [x: Arr, attention: Arr] {
  const [batch, , width] = x.shape as [number, number, number];
  const [q, k, v] = queriesKeysValues(p, `${at}attn.qkv`, layerNorm(p, `${at}norm1`, x.ref), heads, rows);
  const attention = nn.softmax(np.matmul(q.mul((width / heads) ** -0.5), k.transpose([0, 1, 3, 2])), -1);
  const mixed = np.matmul(attention.ref, v).transpose([0, 2, 1, 3]).reshape([batch, rows, width]);
  const y = x.slice([], [0, rows]).add(linear(p, `${at}attn.proj`, mixed));
  const hidden = nn.gelu(linear(p, `${at}mlp.fc1`, layerNorm(p, `${at}norm2`, y.ref)), { approximate: false });
  return [y.add(linear(p, `${at}mlp.fc2`, hidden)), attention];
}

/** Queries of the first `rows` tokens, keys and values of all, split into heads: [B, H, tokens, D / H]. */
function queriesKeysValues(p: Params, name: string, x: Arr, heads: number, rows: number): [Arr, Arr, Arr] {
  const [batch, tokens, width] = x.shape as [number, number, number];
  const [weight, bias] = [p[`${name}.weight`]!, p[`${name}.bias`]!];
  const part = (input: Arr, from: number, to: number) =>
    affine(input, weight.ref.slice([from * width, to * width]), bias.ref.slice([from * width, to * width]))
      .reshape([batch, -1, to - from, heads, width / heads])
      .transpose([2, 0, 3, 1, 4]);
  const parts = rows === tokens ? split(part(x, 0, 3)) : [...split(part(x.ref.slice([], [0, rows]), 0, 1)), ...split(part(x, 1, 3))];
  weight.dispose();
  bias.dispose();
  return parts as [Arr, Arr, Arr];
}

function split(stacked: Arr): Arr[] {
  const parts = Array.from({ length: stacked.shape[0]! }, (_, i) => stacked.ref.slice(i));
  stacked.dispose();
  return parts;
}

/** x Wᵀ + b, eating the two parameters: each is used once in a forward. */
function linear(p: Params, name: string, x: Arr): Arr {
  return affine(x, p[`${name}.weight`]!, p[`${name}.bias`]!);
}

function affine(x: Arr, weight: Arr, bias: Arr): Arr {
  return np.matmul(x, weight.transpose()).add(bias);
}

function layerNorm(p: Params, name: string, x: Arr): Arr {
  const centred = x.ref.sub(x.mean(-1, { keepdims: true }));
  const variance = np.square(centred.ref).mean(-1, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(1e-6)))
    .mul(p[`${name}.weight`]!)
    .add(p[`${name}.bias`]!);
}

function inputs(setup: Setup): LossArgs {
  if (setup.detector) return [upload(setup.student), detectorBatch(setup.detector, setup, array), {}];
  const batch = { patches: cutPatches(setup), labels: oneHot(setup) };
  const teacher = setup.task === "vit-step" ? {} : upload(setup.teacher);
  return [upload(setup.student), batch, teacher];
}

function upload(weights: Weights): Params {
  return Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, array(data, shape)]));
}

function array(data: Float32Array, shape: number[]): Arr {
  return np.array(new Float32Array(data), { shape, ...DEVICE });
}

function zeros(weights: Weights): Params {
  return Object.fromEntries([...weights].map(([name, { shape }]) => [name, array(new Float32Array(size(shape)), shape)]));
}

function size(shape: number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** [B, C, H, W] -> [B, N, C P P], done once on the host: a present to the peer, which then needs no convolution. */
function cutPatches({ images, imageShape, student }: Setup): Arr {
  const [batch, channels, height, width] = imageShape as [number, number, number, number];
  const { patch } = vitShape(student);
  const [rows, columns, length] = [height / patch, width / patch, channels * patch * patch];
  const out = new Float32Array(batch * rows * columns * length);
  let at = 0;
  for (let b = 0; b < batch; b++)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        for (let line = 0; line < channels * patch; line++) {
          const channel = Math.floor(line / patch);
          const y = r * patch + (line % patch);
          const from = ((b * channels + channel) * height + y) * width + c * patch;
          out.set(images.subarray(from, from + patch), at);
          at += patch;
        }
  return np.array(out, { shape: [batch, rows * columns, length], ...DEVICE });
}

function oneHot({ labels, student }: Setup): Arr {
  const { classes } = vitShape(student);
  const out = new Float32Array(labels.length * classes);
  for (const [i, label] of labels.entries()) out[i * classes + label] = 1;
  return np.array(out, { shape: [labels.length, classes], ...DEVICE });
}
