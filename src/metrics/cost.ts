/**
 * What a Vision Transformer costs: multiply-adds, parameters and the memory of a frozen teacher, as the MaskedKD paper
 * counts them (Son et al., "The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers",
 * appendix I).
 *
 * The unit is one multiply-add (MAC). The paper calls it a FLOP; double it for FLOPs. Norms, softmax, activations and
 * additions are not counted. All counts are exact integers.
 */
import { patches, type ViTConfig, vitShapes } from "../models/vit/config";
import { familyOf, leadOf } from "../models/vit/families";
import { mergeable } from "../ops/merge";

export interface ViTSize {
  /** Tokens in the blocks, CLS included: n. */
  tokens: number;
  /** Token width d. */
  width: number;
  /** Number of blocks L. */
  depth: number;
  /** heads x headDim; default `width`. */
  inner?: number;
  /** Hidden width of the MLP, 0 for none; default 4 x `width`. */
  mlp?: number;
  /** Patches embedded, N; masking does not lower it. Default 0: leave the embedding out, as the paper's tables do. */
  patches?: number;
  /** Values per patch, C·P²; default 0. */
  patchValues?: number;
  /** Classes K of the head on CLS, of both heads in a distilled DeiT; default 0: leave the head out. */
  classes?: number;
}

/** Multiply-adds of one forward pass of one image. */
export interface ViTMacs {
  /** QKᵀ and AV: 2·L·n²·inner. */
  attention: number;
  /** q, k, v and output projection: 4·L·n·d·inner. */
  projection: number;
  /** 2·L·n·d·mlp, which is 8·L·n·d² for the usual fourfold width. */
  mlp: number;
  /** N·C·P²·d. */
  embedding: number;
  /** d·K. */
  head: number;
  total: number;
}

/** Multiply-adds of one image through a ViT; with the defaults 12·L·n·d² + 2·L·n²·d (appendix I, eq. 4). */
export function vitMacs(size: ViTSize): ViTMacs {
  const { tokens: n, width: d, depth, inner = d, mlp = 4 * d, patches = 0, patchValues = 0, classes = 0 } = size;
  const parts = {
    attention: 2 * depth * n * n * inner,
    projection: 4 * depth * n * d * inner,
    mlp: 2 * depth * n * d * mlp,
    embedding: patches * patchValues * d,
    head: d * classes,
  };
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/**
 * Multiply-adds of one image through the model `config`, when its blocks see `keep` patches (default all) and the leading tokens,
 * and each block merges `merge` tokens after its attention (ToMe). Finding out which ones is not counted, as that paper does not.
 */
export function configMacs(config: ViTConfig, keep = patches(config), merge = 0): ViTMacs {
  if (familyOf(config).talking) return caitMacs(config, keep);
  const lead = leadOf(config);
  const { width, heads, headDim } = config;
  const size: ViTSize = { tokens: keep + lead, width, depth: 1, inner: heads * headDim, mlp: config.mlp };
  const parts = { attention: 0, projection: 0, mlp: 0 };
  for (let block = 0; block < config.depth; block++) {
    const { attention, projection } = vitMacs(size);
    size.tokens -= mergeable(size.tokens, merge, lead);
    parts.attention += attention;
    parts.projection += projection;
    parts.mlp += vitMacs(size).mlp;
  }
  const ends = { patches: patches(config), patchValues: config.channels * config.patch ** 2, classes: config.classes * lead };
  const { embedding, head } = vitMacs({ ...size, depth: 0, ...ends });
  return { ...parts, embedding, head, total: parts.attention + parts.projection + parts.mlp + embedding + head };
}

/** The same of CaiT: heads talk twice, n² H² each; class attention has one query, and keys and values of all tokens. */
function caitMacs(config: ViTConfig, n: number): ViTMacs {
  const { width: d, heads, headDim, mlp, depth, classDepth = 0, classes } = config;
  const inner = heads * headDim;
  const {
    attention,
    projection,
    mlp: wide,
    embedding,
  } = vitMacs({
    ...{ tokens: n, width: d, depth, inner, mlp, patches: patches(config), patchValues: config.channels * config.patch ** 2 },
  });
  const parts = {
    attention: attention + 2 * depth * n * n * heads * heads + 2 * classDepth * (n + 1) * inner,
    projection: projection + classDepth * (2 * d * inner + 2 * (n + 1) * d * inner),
    mlp: wide + 2 * classDepth * d * mlp,
    ...{ embedding, head: d * classes },
  };
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/**
 * Multiply-adds per image of one step of learning: a forward pass, and a backward pass of twice its cost, since each product
 * has one for the gradient of either factor; only the images need none. `keep` as in `configMacs`.
 */
export function learningMacs(config: ViTConfig, keep = patches(config)): number {
  const { total, embedding } = configMacs(config, keep);
  return 3 * total - embedding;
}

/** The same where features are frozen and only the head learns: a forward pass, and the gradient of the head's weights. */
export function probingMacs(config: ViTConfig, keep = patches(config)): number {
  const { total, head } = configMacs(config, keep);
  return total + head;
}

/** The same where what the head reads is known: its answer, and the gradient of its weights. */
export const knownMacs = (config: ViTConfig): number => 2 * configMacs(config).head;

/** Multiply-adds per image of ranking N patches by the CLS row of `heads` heads: N·H (section 3.2). */
export function saliencyMacs(patches: number, heads: number): number {
  return patches * heads;
}

/** Number of weights of the model `config`; four bytes each in f32. */
export function vitParameters(config: ViTConfig): number {
  return [...vitShapes(config).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/**
 * GPU memory in MB that the paper's DeiT-B teacher takes for n tokens: the line through both rows of its table 11. The
 * intercept is near the weights at four bytes (346 MB). For this app's own models report the bytes really allocated.
 */
export function paperTeacherMegabytes(tokens: number): number {
  return 293.5 + 31.5 * tokens;
}
