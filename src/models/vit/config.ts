/**
 * The configuration of a Vision Transformer: its dimensions, the name and shape of every weight, a fresh set of weights,
 * and the check that a set of weights belongs to a configuration.
 *
 * Names are those of timm (`blocks.0.attn.qkv.weight`), so DeiT and ViT checkpoints load as they are. Parts a model lacks
 * (a bias, the MLP, the head) are absent from the map and said to be absent by the configuration.
 *
 * Letters: B batch, N patches, T = N + 1 tokens (CLS first), D width, H heads, C channels, P patch side, K classes.
 */
import { normal } from "../../engine/random";
import type { Activation } from "../../ops/product";
import { checkTensors, elements, INIT_STREAM, type Shapes, type Weights, WeightsError } from "../weights";
import { familyOf, lastNorm, leadOf, type Unlike } from "./families";

export interface ViTConfig {
  /** Absent for a plain ViT. */
  family?: Unlike;
  /** Side of the square input in pixels, a multiple of `patch`; the rows of an oblong one. */
  image: number;
  /** Columns of pixels of an input that is not square; as many as rows when absent. */
  columns?: number;
  /** Side P of a patch in pixels. */
  patch: number;
  /** Pixels from one patch to the next, fewer than `patch` where patches overlap; `patch` when absent. */
  stride?: number;
  /** Colour channels C of the input. */
  channels: number;
  /** Outputs K of the head; 0 = no head, as in self-supervised checkpoints. */
  classes: number;
  /** Token width D. */
  width: number;
  /** Number of blocks. */
  depth: number;
  /** Of CaiT: number of blocks that follow, of class attention. */
  classDepth?: number;
  /** Attention heads H. */
  heads: number;
  /** Width of one head; heads x headDim is usually, but not always, `width`. */
  headDim: number;
  /** Hidden width of the MLP; 0 = attention-only blocks (no norm2, no MLP). */
  mlp: number;
  activation: Activation;
  /** Whether the qkv projection has a bias. */
  qkvBias: boolean;
  /** Whether the attention output projection has a bias. */
  projBias: boolean;
  /** Added to the variance in every LayerNorm. */
  eps: number;
}

/** Standard deviation of fresh tokens and positions, before the cut, as in DeiT (Touvron et al. 2021). */
const TOKEN_STD = 0.02;
/** Draws beyond so many standard deviations are rejected, which leaves a normal this standard deviation. */
const CUT = 2;
const STD_OF_CUT = 0.8796256610342398;
/** Of layer scale, as DeiT-III's code (models_v2.py) has it. */
const INIT_GAMMA = 1e-4;

const COUNTS = ["image", "patch", "channels", "width", "depth", "heads", "headDim"] as const;

/** How images are cut into patches. */
type Cut = Pick<ViTConfig, "image" | "columns" | "patch" | "stride">;

/** Shape of an image: channels, rows and columns of pixels. */
export function imageShape({ channels, image, columns = image }: Pick<ViTConfig, "channels" | "image" | "columns">): Shape {
  return [channels, image, columns];
}

type Shape = [channels: number, rows: number, columns: number];

/** Rows and columns of an image's patches. Where patches overlap, pixels at the lower and right edge may be left over, as in a convolution. */
export function gridOf({ image, columns = image, patch, stride = patch }: Cut): [rows: number, columns: number] {
  const along = (pixels: number) => Math.floor((pixels - patch) / stride) + 1;
  return [along(image), along(columns)];
}

/** Number N of patches of an image; (image / patch)² of a square one whose patches do not overlap. */
export function patches(config: ViTConfig): number {
  const [rows, columns] = gridOf(config);
  return rows * columns;
}

/** Throws a WeightsError naming the first dimension that is not possible. `name` says whose configuration it is. */
export function checkConfig(config: ViTConfig, name = "model"): void {
  const refuse = (what: string, remedy: string): never => {
    throw new WeightsError(`${name}: ${what}.`, remedy);
  };
  for (const key of COUNTS) {
    if (!Number.isSafeInteger(config[key]) || config[key] < 1) refuse(`${key} is ${config[key]}`, "It has to be a whole number from 1.");
  }
  for (const key of ["classes", "mlp"] as const) {
    if (!Number.isSafeInteger(config[key]) || config[key] < 0) refuse(`${key} is ${config[key]}`, "It has to be a whole number from 0.");
  }
  if (familyOf(config).talking && !(Number.isSafeInteger(config.classDepth) && (config.classDepth as number) > 0))
    refuse(`classDepth is ${config.classDepth}`, "CaiT has blocks of class attention, usually 2.");
  checkCut(config, refuse);
  if (!(config.eps > 0)) refuse(`eps is ${config.eps}`, "It has to be positive, usually 1e-6.");
}

/** Patches that do not overlap have to tile the image; those that do, to fit into it. */
function checkCut({ image, columns = image, patch, stride = patch }: Cut, refuse: (what: string, remedy: string) => never): void {
  const size = columns === image ? String(image) : `${image} x ${columns}`;
  if (!Number.isSafeInteger(columns) || columns < 1) refuse(`columns is ${columns}`, "It has to be a whole number from 1.");
  if (!Number.isSafeInteger(stride) || stride < 1 || stride > patch)
    refuse(`stride is ${stride}`, `It has to be a whole number from 1 to the patch size, ${patch}.`);
  if (stride === patch && (image % patch !== 0 || columns % patch !== 0))
    refuse(`patches of ${patch} do not tile an image of ${size}`, "Choose a patch size that divides the image size.");
  if (patch > Math.min(image, columns)) refuse(`patches of ${patch} do not fit into an image of ${size}`, "Choose smaller patches.");
}

/** Every parameter name of a configuration with its shape, in timm's order. Throws as `checkConfig` does. */
export function vitShapes(config: ViTConfig): Map<string, number[]> {
  checkConfig(config);
  const { width, classes, channels, patch } = config;
  const { distilled, oneHead, patchPositions, normPre } = familyOf(config);
  return new Map([
    ["cls_token", [1, 1, width]],
    ...((distilled ? [["dist_token", [1, 1, width]]] : []) as Shapes),
    ["pos_embed", [1, patches(config) + (patchPositions ? 0 : leadOf(config)), width]],
    ["patch_embed.proj.weight", [width, channels, patch, patch]],
    ["patch_embed.proj.bias", [width]],
    ...(normPre ? normShapes("norm_pre", width) : []),
    ...Array.from({ length: config.depth }, (_, i) => blockShapes(config, `blocks.${i}`)).flat(),
    ...Array.from({ length: config.classDepth ?? 0 }, (_, i) => classBlockShapes(config, `blocks_token_only.${i}`)).flat(),
    ...normShapes(lastNorm(config), width),
    ...(classes && oneHead ? normShapes("head_norm", width) : []),
    ...(classes ? linearShapes("head", width, classes) : []),
    ...(classes && distilled && !oneHead ? linearShapes("head_dist", width, classes) : []),
  ]);
}

/** Whether a parameter belongs to what answers with classes, and not to the features. */
export const isOfHead = (name: string): boolean => /^head(_dist)?\./.test(name);

/** The parameters of one block, whose names begin with `block`. */
export function blockShapes(config: Omit<ViTConfig, "image" | "patch" | "channels" | "classes" | "depth">, block: string): Shapes {
  const { width, mlp } = config;
  const inner = config.heads * config.headDim;
  const { layerScale, talking } = familyOf(config);
  const scale = (name: string): Shapes => (layerScale ? [[`${block}.${name}.gamma`, [width]]] : []);
  const talk = (name: string): Shapes => (talking ? linearShapes(`${block}.attn.${name}`, config.heads, config.heads) : []);
  return [
    ...normShapes(`${block}.norm1`, width),
    ...linearShapes(`${block}.attn.qkv`, width, 3 * inner, config.qkvBias),
    ...talk("proj_l"),
    ...talk("proj_w"),
    ...linearShapes(`${block}.attn.proj`, inner, width, config.projBias),
    ...scale("ls1"),
    ...(mlp ? normShapes(`${block}.norm2`, width) : []),
    ...(mlp ? linearShapes(`${block}.mlp.fc1`, width, mlp) : []),
    ...(mlp ? linearShapes(`${block}.mlp.fc2`, mlp, width) : []),
    ...(mlp ? scale("ls2") : []),
  ];
}

/** The same of a block of class attention, whose queries, keys and values have weights of their own. */
function classBlockShapes(config: ViTConfig, block: string): Shapes {
  const inner = config.heads * config.headDim;
  const own = ["q", "k", "v"].flatMap((name) => linearShapes(`${block}.attn.${name}`, config.width, inner, config.qkvBias));
  const shared = blockShapes(config, block).filter(([name]) => !/\.attn\.(qkv|proj_[lw])\./.test(name));
  return [...shared.slice(0, 2), ...own, ...shared.slice(2)];
}

export function linearShapes(name: string, inputs: number, outputs: number, bias = true): Shapes {
  const weight: Shapes = [[`${name}.weight`, [outputs, inputs]]];
  return bias ? [...weight, [`${name}.bias`, [outputs]]] : weight;
}

export function normShapes(name: string, width: number): Shapes {
  return [
    [`${name}.weight`, [width]],
    [`${name}.bias`, [width]],
  ];
}

/**
 * Fresh weights: matrices from a normal of variance 1 / fan-in (LeCun et al. 1998), tokens and positions from one of std 0.02, both cut at
 * two standard deviations; biases 0, LayerNorm weights 1. The same seed gives the same weights. Throws as `checkConfig` does.
 *
 * DeiT's code (timm) draws all matrices with std 0.02, but for the convolution that embeds patches, whose std it leaves at 1 / sqrt(3 fan-in).
 * At DeiT-B's width of 768 an std of 0.02 is half of 1 / sqrt(768). At the width of 48 of students here it is a seventh, and every matrix shrinks what
 * passes it so much that students answer at chance for hundreds of steps (docs/results.md). The original ViT's code (flax) draws the embedding as
 * is done here, and other matrices with variance 2 / (fan-in + fan-out).
 */
export function initViT(config: ViTConfig, seed: number): Weights {
  const shapes = [...vitShapes(config)];
  const weights = new Map(shapes.map(([name, shape], stream) => [name, { shape, data: initial(name, shape, seed, INIT_STREAM + stream) }]));
  if (familyOf(config).talking) for (const [name, { data }] of weights) if (name.endsWith(".gamma")) data.fill(caitGamma(config.depth));
  return weights;
}

/** Layer scale of a fresh CaiT, by its depth (section 2.2 of its paper). */
const caitGamma = (depth: number): number => (depth <= 18 ? 0.1 : depth <= 24 ? 1e-5 : 1e-6);

/** The initial value of one parameter, by its name. */
export function initial(name: string, shape: number[], seed: number, stream: number): Float32Array {
  const data = new Float32Array(elements(shape));
  if (name.endsWith(".bias")) return data;
  if (name.endsWith(".gamma")) return data.fill(INIT_GAMMA);
  if (/(^|[._])norm(\d|_pre)?\.weight$/.test(name)) return data.fill(1);
  const std = /\.weight(_v)?$/.test(name) ? Math.sqrt(shape[0] / data.length) / STD_OF_CUT : TOKEN_STD;
  return data.map((_, i) => std * truncatedNormal(seed, stream, i));
}

function truncatedNormal(seed: number, stream: number, index: number): number {
  for (let attempt = 0; ; attempt++) {
    const z = normal(seed, stream, attempt, index);
    if (Math.abs(z) <= CUT) return z;
  }
}

/**
 * Throws a WeightsError unless `weights` holds exactly the tensors of `config`, each of the right shape and all finite.
 * The message has `name` (a file name), the tensor at fault and the remedy.
 */
export function checkWeights(config: ViTConfig, weights: Weights, name = "weights"): void {
  checkTensors(
    vitShapes(config),
    weights,
    name,
    `Use a ${familyOf(config).label} checkpoint of ${config.depth} blocks, or correct the configuration.`,
    `the nearest family (${familyOf(config).label})`,
  );
}
