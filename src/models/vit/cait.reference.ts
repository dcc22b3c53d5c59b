/**
 * CaiT in float64 and for tests only: written after cait_models.py of facebookresearch/deit, one image and one number at a time, with
 * arrays of rows.
 */
import type { ViTConfig } from "./config";
import { gelu, type Weights64 } from "./reference";

type Rows = number[][];

export interface Cait64 {
  logits: number[][];
  /** Softmax of the last class attention, [B][H][1 + n]. */
  attention: number[][][];
}

/** Images [B, C, S, S]; `keep` names per image the patches that the blocks see. */
export function caitForward64(config: ViTConfig, weights: Weights64, images: ArrayLike<number>, batch: number, keep?: number[][]): Cait64 {
  const size = config.channels * config.image ** 2;
  const all = Array.from({ length: batch }, (_, b) => one(config, weights, (i) => images[b * size + i], keep?.[b]));
  return { logits: all.map((r) => r.logits), attention: all.map((r) => r.attention) };
}

function one(config: ViTConfig, weights: Weights64, pixel: (i: number) => number, keep?: number[]) {
  const { width, image, patch, channels, depth, classDepth = 0, heads, headDim, eps } = config;
  const w = (name: string) => weights.get(name)?.data;
  const linear = (x: Rows, name: string): Rows => {
    const [m, b] = [w(`${name}.weight`)!, w(`${name}.bias`)];
    return x.map((row) =>
      Array.from({ length: m.length / row.length }, (_, o) => row.reduce((sum, v, i) => sum + v * m[o * row.length + i], b?.[o] ?? 0)),
    );
  };
  const norm = (x: Rows, name: string): Rows =>
    x.map((row) => {
      const mean = row.reduce((a, v) => a + v) / width;
      const variance = row.reduce((a, v) => a + (v - mean) ** 2, 0) / width;
      return row.map((v, i) => ((v - mean) / Math.sqrt(variance + eps)) * w(`${name}.weight`)![i] + w(`${name}.bias`)![i]);
    });
  const add = (x: Rows, branch: Rows, gamma: string): Rows => x.map((row, r) => row.map((v, i) => v + w(gamma)![i] * branch[r][i]));
  const softmax = (row: number[]) => {
    const most = Math.max(...row);
    const e = row.map((v) => Math.exp(v - most));
    return e.map((v) => v / e.reduce((a, b) => a + b));
  };
  const mlp = (x: Rows, block: string): Rows =>
    add(
      x,
      linear(
        linear(norm(x, `${block}.norm2`), `${block}.mlp.fc1`).map((row) => row.map(gelu)),
        `${block}.mlp.fc2`,
      ),
      `${block}.ls2.gamma`,
    );
  const headOf = (row: number[], h: number) => row.slice(h * headDim, (h + 1) * headDim);
  const dot = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  /** [head][query][key]. */
  const scores = (q: Rows, k: Rows) =>
    Array.from({ length: heads }, (_, h) => q.map((a) => k.map((b) => dot(headOf(a, h), headOf(b, h)) / Math.sqrt(headDim))));
  const talk = (a: number[][][], name: string) =>
    a.map((of, g) =>
      of.map((row, i) =>
        row.map((_, j) => a.reduce((sum, other, h) => sum + w(`${name}.weight`)![g * heads + h] * other[i][j], w(`${name}.bias`)![g])),
      ),
    );
  const sums = (a: number[][][], v: Rows): Rows =>
    a[0].map((_, i) =>
      a.flatMap((of, h) => Array.from({ length: headDim }, (_, e) => of[i].reduce((s, p, j) => s + p * v[j][h * headDim + e], 0))),
    );

  const grid = image / patch;
  const patchRow = (n: number) =>
    Array.from({ length: channels * patch * patch }, (_, i) => {
      const [c, y, x] = [Math.floor(i / patch ** 2), Math.floor(i / patch) % patch, i % patch];
      return pixel((c * image + Math.floor(n / grid) * patch + y) * image + (n % grid) * patch + x);
    });
  const seen = keep ?? Array.from({ length: grid * grid }, (_, i) => i);
  let x = linear(seen.map(patchRow), "patch_embed.proj").map((row, i) => row.map((v, c) => v + w("pos_embed")![seen[i] * width + c]));
  for (let l = 0; l < depth; l++) {
    const block = `blocks.${l}`;
    const qkv = linear(norm(x, `${block}.norm1`), `${block}.attn.qkv`);
    const inner = heads * headDim;
    const [q, k, v] = [0, 1, 2].map((part) => qkv.map((row) => row.slice(part * inner, (part + 1) * inner)));
    const mixed = talk(scores(q, k), `${block}.attn.proj_l`).map((of) => of.map(softmax));
    x = mlp(add(x, linear(sums(talk(mixed, `${block}.attn.proj_w`), v), `${block}.attn.proj`), `${block}.ls1.gamma`), block);
  }
  let cls: Rows = [[...Array.from(w("cls_token")!)]];
  let attention: number[][] = [];
  for (let l = 0; l < classDepth; l++) {
    const block = `blocks_token_only.${l}`;
    const u = norm([...cls, ...x], `${block}.norm1`);
    const a = scores(linear([u[0]], `${block}.attn.q`), linear(u, `${block}.attn.k`)).map((of) => of.map(softmax));
    attention = a.map((of) => of[0]);
    cls = mlp(add(cls, linear(sums(a, linear(u, `${block}.attn.v`)), `${block}.attn.proj`), `${block}.ls1.gamma`), block);
  }
  return { logits: linear(norm(cls, "norm"), "head")[0], attention };
}
