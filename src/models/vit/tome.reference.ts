/**
 * A ViT whose blocks merge tokens, in float64 and for tests only: written after facebookresearch/ToMe (merge.py, patch/timm.py), with
 * its own steps - matching, gather, scatter - and none of the kernels'.
 */
import type { ViTConfig } from "./config";
import { familyOf, lastNorm, leadOf } from "./families";
import { concat, embed, gather, type Lookup, layerNorm, linear, lookup, mlpBranch, scaled, type Weights64 } from "./reference";

export interface Merged64 {
  logits: number[][];
  /** Of each image: tokens after each block. */
  counts: number[][];
  /** Of each image: how many tokens each of the last stands for. */
  sizes: number[][];
}

/** Runs images [B, C, S, S] through the model; each block merges r tokens, the last one included. `keep` as in `vitForward64`. */
export function tomeForward64(
  config: ViTConfig,
  weights: Weights64,
  images: ArrayLike<number>,
  batch: number,
  r: number,
  keep?: readonly (readonly number[])[],
): Merged64 {
  const size = config.channels * config.image ** 2;
  const get = lookup(weights);
  const all = Array.from({ length: batch }, (_, b) =>
    one(
      config,
      get,
      Float64Array.from({ length: size }, (_, i) => images[b * size + i]),
      r,
      keep?.[b],
    ),
  );
  return { logits: all.map((t) => t.logits), counts: all.map((t) => t.counts), sizes: all.map((t) => t.sizes) };
}

/** A token and how many it stands for. */
interface Token {
  x: Float64Array;
  size: number;
}

function one(config: ViTConfig, get: Lookup, image: Float64Array, r: number, keep?: readonly number[]) {
  const { width, depth } = config;
  const embedded = gather(embed(config, get, image), config, keep);
  const start = familyOf(config).normPre ? layerNorm(get, "norm_pre", embedded, config) : embedded;
  let tokens: Token[] = rows(start, width).map((x) => ({ x, size: 1 }));
  const counts: number[] = [];
  for (let l = 0; l < depth; l++) {
    const keys = attend(config, get, `blocks.${l}`, tokens);
    tokens = merge(tokens, keys, r, leadOf(config));
    if (config.mlp) {
      const x = concat(tokens.map((t) => t.x));
      mlpBranch(config, get, `blocks.${l}`, x);
      tokens = rows(x, width).map((row, i) => ({ x: row, size: tokens[i].size }));
    }
    counts.push(tokens.length);
  }
  return { logits: answer(config, get, tokens), counts, sizes: tokens.map((t) => t.size) };
}

const rows = (x: Float64Array, width: number) => Array.from({ length: x.length / width }, (_, i) => x.slice(i * width, (i + 1) * width));

/** Adds the attention branch to the tokens; returns the keys, averaged over the heads. */
function attend(config: ViTConfig, get: Lookup, block: string, tokens: Token[]): number[][] {
  const { width, heads, headDim } = config;
  const inner = heads * headDim;
  const qkv = rows(
    linear(get, `${block}.attn.qkv`, layerNorm(get, `${block}.norm1`, concat(tokens.map((t) => t.x)), config), width),
    3 * inner,
  );
  const head = (row: Float64Array, part: number, h: number) => [
    ...row.subarray(part * inner + h * headDim, part * inner + (h + 1) * headDim),
  ];
  const mixed = qkv.map((query) =>
    Array.from({ length: heads }, (_, h) => {
      const scores = qkv.map((key, j) => product(head(query, 0, h), head(key, 1, h)) / Math.sqrt(headDim) + Math.log(tokens[j].size));
      const most = Math.max(...scores);
      const weights = scores.map((s) => Math.exp(s - most));
      const total = weights.reduce((a, b) => a + b);
      return Array.from({ length: headDim }, (_, e) => weights.reduce((sum, w, j) => sum + (w / total) * head(qkv[j], 2, h)[e], 0));
    }).flat(),
  );
  const branch = scaled(get, `${block}.ls1.gamma`, linear(get, `${block}.attn.proj`, Float64Array.from(mixed.flat()), inner), 1);
  for (const [i, row] of rows(branch, width).entries()) tokens[i].x = tokens[i].x.map((v, c) => v + row[c]);
  return qkv.map((row) =>
    Array.from({ length: headDim }, (_, e) => Array.from({ length: heads }, (_, h) => head(row, 1, h)[e]).reduce((a, b) => a + b) / heads),
  );
}

const product = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);

/** bipartite_soft_matching and merge_wavg. */
function merge(tokens: Token[], keys: number[][], wanted: number, lead: number): Token[] {
  const r = Math.min(wanted, Math.floor((tokens.length - lead) / 2));
  if (r <= 0) return tokens;
  const metric = keys.map((k) => k.map((v) => v / Math.sqrt(product(k, k))));
  const [a, b] = [0, 1].map((odd) => tokens.map((_, i) => i).filter((i) => i % 2 === odd));
  const scores = a.map((i) => b.map((j) => product(metric[i], metric[j])));
  scores[0].fill(Number.NEGATIVE_INFINITY);
  if (lead === 2) for (const row of scores) row[0] = Number.NEGATIVE_INFINITY;
  const node = scores.map((row) => row.reduce((best, v, j) => (v > row[best] ? j : best), 0));
  const most = scores.map((row, i) => row[node[i]]);
  const edges = a.map((_, i) => i).sort((i, j) => most[j] - most[i] || i - j);
  const [merged, left] = [edges.slice(0, r), edges.slice(r).sort((i, j) => i - j)];
  const target = b.map((i) => ({ x: tokens[i].x.map((v) => v * tokens[i].size), size: tokens[i].size }));
  for (const i of merged) {
    const [from, to] = [tokens[a[i]], target[node[i]]];
    to.x = to.x.map((v, c) => v + from.x[c] * from.size);
    to.size += from.size;
  }
  const unmerged = left.map((i) => tokens[a[i]]);
  const joined = target.map(({ x, size }) => ({ x: x.map((v) => v / size), size }));
  if (lead === 2) return [unmerged[0], joined[0], ...unmerged.slice(1), ...joined.slice(1)];
  return [...unmerged, ...joined];
}

function answer(config: ViTConfig, get: Lookup, tokens: Token[]): number[] {
  const head = (name: string, x: Float64Array) => [...linear(get, name, layerNorm(get, lastNorm(config), x, config), config.width)];
  const { distilled, meanPool } = familyOf(config);
  if (meanPool) {
    const patches = tokens.slice(1);
    const total = patches.reduce((sum, t) => sum + t.size, 0);
    const pooled = tokens[0].x.map((_, c) => patches.reduce((sum, t) => sum + t.size * t.x[c], 0) / total);
    return head("head", pooled);
  }
  const cls = head("head", tokens[0].x);
  if (!distilled) return cls;
  const dist = head("head_dist", tokens[1].x);
  return cls.map((v, k) => (v + dist[k]) / 2);
}
