/**
 * Import of ViT weights under the names people really save them with, into one canonical form: timm's.
 *
 * Three layouts are known: timm / DeiT, Hugging Face (`vit.encoder.layer.0.attention.attention.query.weight`) and the
 * vit-pytorch of lucidrains (`transformer.layers.0.0.fn.to_qkv.weight`). A layout is a table of renames; two things need
 * arithmetic: separate q, k, v are stacked into one qkv, and a patch embedding stored as a linear layer over (p1 p2 c)
 * becomes a convolution [D, C, P, P]. A tensor that no row of the table takes is an error, never dropped in silence,
 * except the few listed as `ignored`, which do not take part in the forward pass.
 */

import { listed, type Weight, type Weights, WeightsError } from "../weights";
import { unwrapped } from "../wrappers";
import { checkConfig, checkWeights, type ViTConfig } from "./config";
import { FAMILIES, type Family, type FamilyName, familyIn, familyOf } from "./families";
import { LAYOUT_ACTIVATION, LAYOUT_EPS, type Layout, RULES, type Rules, UNSUPPORTED } from "./layouts";

export { LAYOUT_ACTIVATION, LAYOUT_EPS, type Layout };

/** Tensors as `readSafetensors` returns them. */
export type Source = ReadonlyMap<string, { shape: number[]; data: ArrayLike<number | bigint> }>;

/** What can be read. */
const SUPPORTED = `Use a checkpoint of one of these families: ${Object.values(FAMILIES)
  .map(({ label }) => label)
  .join(", ")}.`;

/** Which layout the names of a checkpoint belong to. Throws a WeightsError when it is none of the three. */
export function detectLayout(tensors: ReadonlyMap<string, unknown>, name = "checkpoint"): Layout {
  return layoutOf(
    plainNames(tensors).map(([plain]) => plain),
    name,
  );
}

const LAYOUTS = Object.keys(RULES) as Layout[];

function layoutOf(names: string[], name: string): Layout {
  const found = LAYOUTS.find((layout) => names.some((n) => RULES[layout].mark.test(n)));
  if (found) return found;
  throw new WeightsError(
    `${name}: these are not the names of a ViT: ${listed(names) || "the file is empty"}.`,
    "Use a ViT saved by timm, Hugging Face transformers, vit-pytorch or CLIP.",
  );
}

/** The tower of images in CLIP's own code. */
const VISUAL = /(^|\.)visual\.(?=(transformer|conv1|ln_pre|ln_post|proj$|class_embedding|positional_embedding))/;

/** The names of a checkpoint's tensors without what wraps the network, as [plain, as written]. */
function plainNames(tensors: ReadonlyMap<string, unknown>): [plain: string, written: string][] {
  const all = [...tensors.keys()];
  const towers = all.some((tensor) => VISUAL.test(tensor));
  const written = all.filter((tensor) => !/(^|\.)text_model\./.test(tensor) && (!towers || VISUAL.test(tensor)));
  const marks = LAYOUTS.map((layout) => RULES[layout].mark);
  return unwrapped(written, marks).map((plain, i) => [plain, written[i]]);
}

/**
 * The weights of a ViT checkpoint under timm names, whatever layout it was saved in. Renamed tensors share their data with
 * the source. Throws a WeightsError naming the tensor for other architectures, unknown, doubled or non-float tensors.
 */
export function toTimm(tensors: Source, name = "checkpoint"): Weights {
  const names = plainNames(tensors);
  refuseUnsupported(names, name);
  const layout = layoutOf(
    names.map(([plain]) => plain),
    name,
  );
  const weights: Weights = new Map();
  const unknown: string[] = [];
  const unused = layout === "timm" && names.some(([plain]) => plain.startsWith("mlp_head.")) ? UNUSED_HEADS : undefined;
  for (const [plain, tensor] of names) {
    if (unused?.test(plain)) continue;
    const target = rename(plain, RULES[layout]);
    if (target === undefined) unknown.push(tensor);
    else if (target) place(weights, target, floatWeight(tensor, tensors.get(tensor)!, name), tensor, name);
  }
  if (unknown.length) {
    throw new WeightsError(
      `${name}: ${unknown.length} tensors are not part of a ${FAMILIES[familyIn(weights.keys()) ?? "deit"].label}, the nearest family: ${listed(unknown)}.`,
      SUPPORTED,
    );
  }
  if (layout === "huggingface" || layout === "clip") fuseQkv(weights, name);
  if (layout === "openai") turnProjection(weights);
  if (layout === "clip" || layout === "openai") shapeClip(weights);
  completeEmbedding(weights);
  if (layout === "lucidrains") unfoldPatchEmbedding(weights, name);
  return weights;
}

/** Heads of the DeiT in AST's own code, beside the one it has instead. */
const UNUSED_HEADS = /^head(_dist)?\./;

/** What PyTorch counts beside the weights that it averages over training. */
const COUNTERS = /^n_averaged$/;

/** The timm name of a tensor, "" when it is not needed, undefined when it is unknown. */
function rename(tensor: string, { renames, ignored }: Rules): string | undefined {
  const rule = renames.find(([from]) => from.test(tensor));
  if (rule) return tensor.replace(...rule);
  return ignored.test(tensor) || COUNTERS.test(tensor) ? "" : undefined;
}

function place(weights: Weights, target: string, weight: Weight, tensor: string, name: string): void {
  if (weights.has(target)) {
    throw new WeightsError(`${name}: "${tensor}" and another tensor both mean "${target}".`, "Save only one model in the file.");
  }
  weights.set(target, weight);
}

function floatWeight(tensor: string, { shape, data }: { shape: number[]; data: unknown }, name: string): Weight {
  if (data instanceof Float32Array) return { shape, data };
  throw new WeightsError(`${name}: tensor "${tensor}" does not hold floating point numbers.`, "Save the weights as F32, F16 or BF16.");
}

function refuseUnsupported(names: [plain: string, written: string][], name: string): void {
  for (const [plain, tensor] of names) {
    const variant = UNSUPPORTED.find(([mark]) => mark.test(plain));
    if (variant) throw new WeightsError(`${name}: tensor "${tensor}" belongs to ${variant[1]}, which no family known here has.`, SUPPORTED);
  }
}

/** CLIP keeps its class token as [D] and its positions as [N + 1, D]; timm puts axes of one before. */
function shapeClip(weights: Weights): void {
  for (const tensor of ["cls_token", "pos_embed"]) {
    const weight = weights.get(tensor);
    if (weight) weights.set(tensor, { shape: [1, ...(tensor === "cls_token" ? [1] : []), ...weight.shape], data: weight.data });
  }
}

/** CLIP's own code multiplies with its projection from the right, [D, K]. */
function turnProjection(weights: Weights): void {
  const head = weights.get("head.weight");
  if (head?.shape.length !== 2) return;
  const [width, outputs] = head.shape;
  const data = head.data.map((_, i) => head.data[(i % width) * outputs + Math.floor(i / width)]);
  weights.set("head.weight", { shape: [outputs, width], data });
}

/** CLIP's patches are embedded without a bias, and its projection into the space of texts has none: zeros are the same. */
function completeEmbedding(weights: Weights): void {
  if (familyIn(weights.keys()) !== "clip") return;
  for (const layer of ["patch_embed.proj", "head"]) {
    const weight = weights.get(`${layer}.weight`);
    if (!weight || weights.has(`${layer}.bias`)) continue;
    weights.set(`${layer}.bias`, { shape: [weight.shape[0]], data: new Float32Array(weight.shape[0]) });
  }
}

/** Stacks blocks.i.attn.{query,key,value} into blocks.i.attn.qkv, the rows of q first. */
function fuseQkv(weights: Weights, name: string): void {
  for (const query of [...weights.keys()]) {
    const match = /^(blocks\.\d+\.attn)\.(?:query|key|value)\.(weight|bias)$/.exec(query);
    const fused = match && `${match[1]}.qkv.${match[2]}`;
    if (fused && !weights.has(fused))
      weights.set(
        fused,
        stack(
          weights,
          ["query", "key", "value"].map((p) => `${match[1]}.${p}.${match[2]}`),
          name,
        ),
      );
  }
  for (const part of [...weights.keys()]) if (/\.attn\.(query|key|value)\./.test(part)) weights.delete(part);
}

function stack(weights: Weights, names: string[], name: string): Weight {
  const parts = names.map((n) => weights.get(n));
  const [first] = parts.filter((p) => p !== undefined);
  const missing = names.find((_, i) => String(parts[i]?.shape) !== String(first.shape));
  if (missing) {
    const what = `"${missing}" is missing or differs in shape from its siblings among query, key and value`;
    throw new WeightsError(`${name}: ${what}.`, "Use a complete checkpoint.");
  }
  const [rows, ...rest] = first.shape;
  const data = new Float32Array(3 * first.data.length);
  parts.forEach((part, i) => {
    data.set((part as Weight).data, i * first.data.length);
  });
  return { shape: [3 * rows, ...rest], data };
}

/** A linear patch embedding [D, P·P·C], inputs ordered (row, column, channel), becomes the convolution [D, C, P, P]. */
function unfoldPatchEmbedding(weights: Weights, name: string): void {
  const key = "patch_embed.proj.weight";
  const linear = weights.get(key);
  if (!linear) return;
  const [width, inputs] = linear.shape;
  // P² and 3P² cannot be equal, so the number of inputs says whether it is grey or colour.
  const channels = [1, 3].find((c) => Number.isInteger(Math.sqrt(inputs / c)));
  if (linear.shape.length !== 2 || !channels) {
    const what = `the patch embedding [${linear.shape}] is not a linear layer over square patches of 1 or 3 channels`;
    throw new WeightsError(`${name}: ${what}.`, SUPPORTED);
  }
  const area = inputs / channels;
  const side = Math.sqrt(area);
  const data = linear.data.map((_, i) => {
    const channel = Math.floor(i / area) % channels;
    return linear.data[Math.floor(i / inputs) * inputs + (i % area) * channels + channel];
  });
  weights.set(key, { shape: [width, channels, side, side], data });
}

/**
 * The configuration of timm-named weights. All but a few things follow from the shapes; the caller passes these: the number of
 * heads, the activation (default gelu) and eps (default 1e-6; `LAYOUT_EPS` for the other layouts), and `cut` where images are not
 * square or patches overlap. The result is checked
 * against the weights: throws a WeightsError when they are not a complete plain ViT.
 */
export function inferViT(
  weights: Weights,
  heads: number,
  name = "weights",
  { activation = "gelu", eps = LAYOUT_EPS.timm, cut }: Partial<Pick<ViTConfig, "activation" | "eps">> & { cut?: Oblong } = {},
): ViTConfig {
  const [width, channels, patch] = shapeOf(weights, "patch_embed.proj.weight", 4, name);
  const [inner] = shapeOf(weights, "blocks.0.attn.qkv.weight", 2, name).map((rows) => rows / 3);
  if (!Number.isInteger(inner / heads)) {
    throw new WeightsError(`${name}: ${heads} heads do not divide an attention width of ${inner}.`, "Correct the number of heads.");
  }
  const family = familyIn(weights.keys());
  const config: ViTConfig = {
    ...(family && { family }),
    ...(cut ?? cutOf(shapeOf(weights, "pos_embed", 3, name)[1], patch, family, name)),
    patch,
    channels,
    classes: weights.get("head.weight")?.shape[0] ?? 0,
    width,
    depth: countBlocks(weights, "blocks"),
    ...(familyOf({ family }).talking && { classDepth: countBlocks(weights, "blocks_token_only") }),
    heads,
    headDim: inner / heads,
    mlp: weights.get("blocks.0.mlp.fc1.weight")?.shape[0] ?? 0,
    activation,
    qkvBias: weights.has("blocks.0.attn.qkv.bias"),
    projBias: weights.has("blocks.0.attn.proj.bias"),
    eps,
  };
  checkConfig(config, name);
  checkWeights(config, weights, name);
  return config;
}

/** What shapes do not tell of images that are not square, or of patches that overlap. */
export type Oblong = Pick<ViTConfig, "image" | "columns" | "stride">;

function shapeOf(weights: Weights, tensor: string, rank: number, name: string): number[] {
  const shape = weights.get(tensor)?.shape;
  if (shape?.length === rank) return shape;
  const what = shape ? `has the shape [${shape}] instead of ${rank} dimensions` : "is missing";
  throw new WeightsError(`${name}: tensor "${tensor}" ${what}.`, "Use a complete ViT checkpoint.");
}

/** AST as it is published: 128 bands, patches of 16 every 10. */
const AST = { image: 128, patch: 16, stride: 10, rows: 12 };

/** How pictures are cut, from the number of position embeddings: into a square of tiles, or as AST's spectrograms. */
function cutOf(positions: number, patch: number, family: FamilyName | undefined, name: string): Oblong {
  const columns = (positions - 2) / AST.rows;
  if (family === "ast" && patch === AST.patch && Number.isInteger(columns))
    return { image: AST.image, columns: patch + (columns - 1) * AST.stride, stride: AST.stride };
  return { image: patch * gridSide(positions, familyOf({ family }), name) };
}

/** Patches per row from the number of position embeddings, of which the first belongs to CLS in most families. */
function gridSide(positions: number, { label, patchPositions, distilled }: Family, name: string): number {
  const side = Math.sqrt(positions - (patchPositions ? 0 : distilled ? 2 : 1));
  if (Number.isInteger(side) && side > 0) return side;
  const wanted = `${patchPositions ? "" : `one for ${distilled ? "each of two tokens" : "CLS"} and `}a square of patches, as ${label} has`;
  throw new WeightsError(`${name}: ${positions} position embeddings are not ${wanted}.`, SUPPORTED);
}

function countBlocks(weights: Weights, of: string): number {
  const block = new RegExp(`^${of}\\.\\d+\\.`);
  return new Set([...weights.keys()].map((tensor) => block.exec(tensor)?.[0]).filter(Boolean)).size;
}

/** The names that timm has for a network's tensors, where they are others than those used here: CaiT's layer scale. */
export function timmNames(weights: Weights, { family }: Pick<ViTConfig, "family">): Weights {
  if (!familyOf({ family }).talking) return weights;
  return new Map([...weights].map(([name, weight]) => [name.replace(/\.ls([12])\.gamma$/, ".gamma_$1"), weight]));
}
