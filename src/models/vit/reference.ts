/**
 * Reference forward pass of a ViT of any family in float64, for tests only: slow, obvious, and never part of the app.
 *
 * Pre-norm blocks (Dosovitskiy et al. 2021): x += proj(attention(LN1 x)); x += fc2(act(fc1(LN2 x))); then a last LayerNorm
 * and the head on CLS. Attention scale is headDim^(-1/2), GELU is the exact one. A masked input drops tokens after the
 * position embedding was added, as the MaskedKD teacher does (methods: never a mask token in their place).
 */
import { gridOf, imageShape, patches, type ViTConfig } from "./config";
import { familyOf, lastNorm, leadOf } from "./families";

/** Weights by timm name, in any precision: finite differences want float64. */
export type Weights64 = ReadonlyMap<string, { data: ArrayLike<number> }>;

export interface Forward64 {
  /** [B][K]; rows are empty when the model has no head. */
  logits: number[][];
  /** Softmax of each block, flat [B, H, T, T] over (query, key). */
  attention: Float64Array[];
  /** CLS token after each block: [depth][B][D]. */
  cls: number[][][];
  /** Every token after the last block, flat [B, T, D]. */
  tokens: Float64Array;
}

/** Looks up a weight as float64; a missing bias reads as undefined. */
export type Lookup = (name: string) => Float64Array | undefined;

/** The trace of one image. */
interface Trace {
  logits: number[];
  /** Per block [H, T, T]. */
  attention: Float64Array[];
  /** Per block [D]. */
  cls: number[][];
  /** [T, D]. */
  tokens: Float64Array;
}

/**
 * Runs `batch` images [B, C, S, S] (S = config.image, normalised already; oblong ones [B, C, S, columns]) through the model. `keep` names per image the
 * patches (0 to N - 1, row-major) that the blocks see besides CLS, in the order given; all rows have the same length.
 * `gain` is what the branches of a block are multiplied with before they are added, as stochastic depth does; 1 when absent.
 * Throws an Error when sizes do not fit.
 */
export function vitForward64(
  config: ViTConfig,
  weights: Weights64,
  images: ArrayLike<number>,
  batch: number,
  keep?: readonly (readonly number[])[],
  gain: (image: number, block: number, branch: 0 | 1) => number = () => 1,
): Forward64 {
  const size = imageShape(config).reduce((a, b) => a * b);
  if (images.length !== batch * size) throw new Error(`${images.length} pixels are not ${batch} images of ${size}.`);
  checkKeep(config, batch, keep);
  const get = lookup(weights);
  const traces = Array.from({ length: batch }, (_, b) => {
    const image = Float64Array.from({ length: size }, (_, i) => images[b * size + i]);
    return forwardOne(config, get, image, keep?.[b], (block, branch) => gain(b, block, branch));
  });
  return {
    logits: traces.map((t) => t.logits),
    attention: Array.from({ length: config.depth }, (_, l) => concat(traces.map((t) => t.attention[l]))),
    cls: Array.from({ length: config.depth }, (_, l) => traces.map((t) => t.cls[l])),
    tokens: concat(traces.map((t) => t.tokens)),
  };
}

function forwardOne(
  config: ViTConfig,
  get: Lookup,
  image: Float64Array,
  keep: readonly number[] | undefined,
  gain: (block: number, branch: 0 | 1) => number,
): Trace {
  const embedded = gather(embed(config, get, image), config, keep);
  const x = familyOf(config).normPre ? layerNorm(get, "norm_pre", embedded, config) : embedded;
  const trace: Trace = { logits: [], attention: [], cls: [], tokens: x };
  for (let l = 0; l < config.depth; l++) {
    trace.attention.push(attentionBranch(config, get, `blocks.${l}`, x, gain(l, 0)));
    if (config.mlp) mlpBranch(config, get, `blocks.${l}`, x, gain(l, 1));
    trace.cls.push([...x.subarray(0, config.width)]);
  }
  if (config.classes) trace.logits = answer(config, get, x);
  return trace;
}

/** Logits from the tokens [T, D] after the last block: of the head on CLS or the mean patch; or the mean with that on the distillation token, or one head on the mean of both tokens. */
function answer(config: ViTConfig, get: Lookup, x: Float64Array): number[] {
  const { width } = config;
  const head = (name: string, token: Float64Array) => [...linear(get, name, layerNorm(get, lastNorm(config), token, config), width)];
  const { distilled, meanPool, oneHead } = familyOf(config);
  if (meanPool) return head("head", meanPatch(x, width));
  if (oneHead) {
    const [first, second] = [0, width].map((at) => layerNorm(get, "norm", x.subarray(at, at + width), config));
    const mean = first.map((v, i) => (v + second[i]) / 2);
    return [...linear(get, "head", layerNorm(get, "head_norm", mean, config), width)];
  }
  const cls = head("head", x.subarray(0, width));
  if (!distilled) return cls;
  const dist = head("head_dist", x.subarray(width, 2 * width));
  return cls.map((v, k) => (v + dist[k]) / 2);
}

/** Mean of all rows [T, D] but the first; zeros where there are no others. */
function meanPatch(x: Float64Array, width: number): Float64Array {
  const count = x.length / width - 1;
  const sum = new Float64Array(width);
  for (let i = width; i < x.length; i++) sum[i % width] += x[i];
  return sum.map((v) => v / Math.max(1, count));
}

/** Tokens [lead + N, D] of an image [C, S, S]: the leading tokens, then the patches row by row, position embedding added. */
export function embed(config: ViTConfig, get: Lookup, image: Float64Array): Float64Array {
  const { width, patch, channels, stride = patch } = config;
  const [, height, across] = imageShape(config);
  const [rows, columns] = gridOf(config);
  const inputs = new Float64Array(patches(config) * channels * patch * patch);
  let at = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let c = 0; c < channels; c++)
        for (let y = 0; y < patch; y++)
          for (let x = 0; x < patch; x++) inputs[at++] = image[(c * height + row * stride + y) * across + column * stride + x];
  const lead = concat([required(get, "cls_token"), ...(familyOf(config).distilled ? [required(get, "dist_token")] : [])]);
  const tokens = concat([lead, linear(get, "patch_embed.proj", inputs, channels * patch * patch)]);
  addTo(familyOf(config).patchPositions ? tokens.subarray(lead.length) : tokens, required(get, "pos_embed"));
  if (tokens.length !== width * (patches(config) + leadOf(config))) throw new Error("patch_embed does not give tokens of config.width.");
  return tokens;
}

/** The leading tokens and the kept patches of tokens [lead + N, D]. */
export function gather(tokens: Float64Array, config: ViTConfig, keep?: readonly number[]): Float64Array {
  if (!keep) return tokens;
  const { width } = config;
  const start = leadOf(config) * width;
  return concat([tokens.subarray(0, start), ...keep.map((patch) => tokens.subarray(start + patch * width, start + (patch + 1) * width))]);
}

/** x += gain ls1 proj(attention(LN1 x)) on x [T, D]; returns the softmax [H, T, T]. `more` is added to the logit of token i's query and token j's key. */
export function attentionBranch(
  config: ViTConfig,
  get: Lookup,
  block: string,
  x: Float64Array,
  gain = 1,
  more: (query: Float64Array, i: number, j: number) => number = () => 0,
): Float64Array {
  const { width, heads, headDim } = config;
  const count = x.length / width;
  const qkv = linear(get, `${block}.attn.qkv`, layerNorm(get, `${block}.norm1`, x, config), width);
  const part = (which: number, token: number, head: number) => ((token * 3 + which) * heads + head) * headDim;
  const softmax = new Float64Array(heads * count * count);
  const mixed = new Float64Array(count * heads * headDim);
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < count; i++) {
      const row = softmax.subarray((h * count + i) * count, (h * count + i + 1) * count);
      const query = qkv.subarray(part(0, i, h), part(0, i, h) + headDim);
      for (let j = 0; j < count; j++)
        row[j] = dot(qkv, part(0, i, h), qkv, part(1, j, h), headDim) / Math.sqrt(headDim) + more(query, i, j);
      softmaxInPlace(row);
      for (let j = 0; j < count; j++)
        for (let e = 0; e < headDim; e++) mixed[(i * heads + h) * headDim + e] += row[j] * qkv[part(2, j, h) + e];
    }
  addTo(x, scaled(get, `${block}.ls1.gamma`, linear(get, `${block}.attn.proj`, mixed, heads * headDim), gain));
  return softmax;
}

/** x += gain ls2 fc2(act(fc1(LN2 x))) on x [T, D]. */
export function mlpBranch(config: ViTConfig, get: Lookup, block: string, x: Float64Array, gain = 1): void {
  const act = ACTIVATIONS[config.activation];
  const hidden = linear(get, `${block}.mlp.fc1`, layerNorm(get, `${block}.norm2`, x, config), config.width).map(act);
  addTo(x, scaled(get, `${block}.ls2.gamma`, linear(get, `${block}.mlp.fc2`, hidden, config.mlp), gain));
}

/** gain gamma x, row by row, for a layer scale gamma [D] where there is one (Touvron et al. 2021, "Going deeper ...", eq. 4). */
export function scaled(get: Lookup, layer: string, x: Float64Array, gain: number): Float64Array {
  const gamma = get(layer);
  return x.map((v, i) => gain * v * (gamma?.[i % gamma.length] ?? 1));
}

/** Rows of x times W^T plus b: x [rows, inputs], W [outputs, inputs] -> [rows, outputs]. */
export function linear(get: Lookup, layer: string, x: Float64Array, inputs: number): Float64Array {
  const weight = required(get, `${layer}.weight`);
  const bias = get(`${layer}.bias`);
  const outputs = weight.length / inputs;
  const out = new Float64Array((x.length / inputs) * outputs);
  for (let i = 0; i < out.length; i++) {
    const o = i % outputs;
    out[i] = dot(x, ((i - o) / outputs) * inputs, weight, o * inputs, inputs) + (bias?.[o] ?? 0);
  }
  return out;
}

/** Each row of x [rows, D] to mean 0 and (biased) variance 1, then scaled and shifted. */
export function layerNorm(get: Lookup, layer: string, x: Float64Array, { width, eps }: Pick<ViTConfig, "width" | "eps">): Float64Array {
  const scale = required(get, `${layer}.weight`);
  const shift = required(get, `${layer}.bias`);
  const out = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += width) {
    const row = x.subarray(start, start + width);
    const mean = row.reduce((sum, v) => sum + v, 0) / width;
    const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
    row.forEach((v, i) => {
      out[start + i] = ((v - mean) / Math.sqrt(variance + eps)) * scale[i] + shift[i];
    });
  }
  return out;
}

function softmaxInPlace(row: Float64Array): void {
  const top = row.reduce((a, b) => Math.max(a, b));
  const sum = row.reduce((total, v) => total + Math.exp(v - top), 0);
  row.forEach((v, i) => {
    row[i] = Math.exp(v - top) / sum;
  });
}

const ACTIVATIONS: Record<ViTConfig["activation"], (x: number) => number> = {
  gelu,
  relu: (x) => Math.max(0, x),
  quick_gelu: (x) => x / (1 + Math.exp(-1.702 * x)),
};

/** Exact GELU, x·Φ(x) (Hendrycks and Gimpel 2016); not the tanh approximation. */
export function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
}

/**
 * Error function, absolute error below 1e-15. Up to |x| = 3 the series DLMF 7.6.2, whose terms are all positive; beyond
 * it 1 - erfc by the continued fraction DLMF 7.9.1, which 60 steps from the tail converge there.
 */
export function erf(x: number): number {
  if (Math.abs(x) > 3) return Math.sign(x) * (1 - erfcTail(Math.abs(x)));
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Number.EPSILON * 1e-3 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) for x > 3: exp(-x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))). */
function erfcTail(x: number): number {
  let tail = x;
  for (let n = 60; n > 0; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}

export function lookup(weights: Weights64): Lookup {
  const known = new Map<string, Float64Array>();
  return (name) => {
    const weight = weights.get(name);
    if (weight && !known.has(name)) known.set(name, Float64Array.from(weight.data));
    return known.get(name);
  };
}

function required(get: Lookup, name: string): Float64Array {
  const weight = get(name);
  if (!weight) throw new Error(`The weights have no ${name}.`);
  return weight;
}

function checkKeep(config: ViTConfig, batch: number, keep?: readonly (readonly number[])[]): void {
  if (!keep) return;
  if (keep.length !== batch) throw new Error(`keep has ${keep.length} rows for ${batch} images.`);
  for (const row of keep) {
    if (row.length !== keep[0].length) throw new Error("All images have to keep the same number of patches.");
    const bad = row.find((patch) => !Number.isInteger(patch) || patch < 0 || patch >= patches(config));
    if (bad !== undefined) throw new Error(`Patch ${bad} is not one of ${patches(config)}.`);
    if (new Set(row).size < row.length) throw new Error("A patch is kept twice.");
  }
}

function dot(a: Float64Array, aStart: number, b: Float64Array, bStart: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[aStart + i] * b[bStart + i];
  return sum;
}

function addTo(target: Float64Array, values: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += values[i];
}

export function concat(parts: Float64Array[]): Float64Array {
  const out = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
