/**
 * ViTDet's backbone as a configuration: a plain vision transformer of one stride, most of its blocks attending within windows, and a simple
 * feature pyramid made of its last map alone.
 *
 * Li et al., "Exploring plain vision transformer backbones for object detection", ECCV 2022. Unlike there, positions are MAE's fixed sines
 * and cosines, with relative ones in attention where they are wanted, and what doubles a map has no bias.
 */
import { shown } from "../../engine/errors";
import { blockShapes } from "../vit/config";
import type { Shapes } from "../weights";

export interface PlainBackbone {
  /** Numbers per token. */
  width: number;
  depth: number;
  heads: number;
  /** Tokens along a side of the windows within which most blocks attend. */
  window: number;
  /** Blocks, spread evenly, the last one among them, that attend to the whole image. */
  globals: number;
  /** Attention knows how far apart tokens lie: a table of distances for rows and one for columns in every block, which its heads share. */
  relative?: true;
}

/** Pixels along a side of a patch, and between two tokens: those of P4. */
export const PATCH = 16;
const MLP = 4;
/** Added to variances, of the pyramid's norms too. */
export const EPS = 1e-6;

/** Dimensions of a block, as a ViT has them. */
export const blockConfig = ({ width, heads }: PlainBackbone) =>
  ({ width, heads, headDim: width / heads, mlp: MLP * width, activation: "gelu", qkvBias: true, projBias: true, eps: EPS }) as const;

/** Whether a block attends to the whole image. */
export const isGlobal = (block: number, { depth, globals }: PlainBackbone): boolean =>
  Math.floor(((block + 1) * globals) / depth) > Math.floor((block * globals) / depth);

/** Tokens along a side of what a block attends to at once, of an image of so many pixels. */
export const attended = (block: number, plain: PlainBackbone, image: number): number =>
  isGlobal(block, plain) ? image / PATCH : plain.window;

/** Levels of the simple pyramid: of strides 8, 16 and 32. */
const LEVELS = 3;

/** Every parameter of the backbone with its shape; convolutions are [O, kh, kw, I]. Tables of distances, named as in detectron2, depend on the image. */
export const plainShapes = (plain: PlainBackbone, image: number): Shapes => [
  ["backbone.patch_embed.proj.weight", [plain.width, PATCH, PATCH, 3]],
  ["backbone.patch_embed.proj.bias", [plain.width]],
  ...Array.from({ length: plain.depth }, (_, i) => [
    ...blockShapes(blockConfig(plain), `backbone.blocks.${i}`),
    ...(plain.relative ? distances(`backbone.blocks.${i}`, plain, attended(i, plain, image)) : []),
  ]).flat(),
];

const distances = (block: string, { width, heads }: PlainBackbone, side: number): Shapes =>
  ["rel_pos_h", "rel_pos_w"].map((name) => [`${block}.attn.${name}`, [2 * side - 1, width / heads]]);

/** The same of the simple pyramid, without what is beyond P5. */
export function simplePyramidShapes({ width }: PlainBackbone, channels: number): Shapes {
  return Array.from({ length: LEVELS }, (_, l): Shapes => {
    const inputs = l === 0 ? width / 2 : width;
    const norm = (name: string): Shapes => [
      [`neck.simfp.${l}.${name}.weight`, [channels]],
      [`neck.simfp.${l}.${name}.bias`, [channels]],
    ];
    return [
      ...((l === 0 ? [["neck.simfp.0.up.weight", [4 * inputs, width]]] : []) as Shapes),
      [`neck.simfp.${l}.conv1.weight`, [channels, 1, 1, inputs]],
      ...norm("norm1"),
      [`neck.simfp.${l}.conv2.weight`, [channels, 3, 3, channels]],
      ...norm("norm2"),
    ];
  }).flat();
}

const SIZES = ["width", "depth", "heads", "window", "globals"] as const;
/** No real backbone has larger numbers; a file with them would only take time and memory. */
const LARGEST = 10_000;

/** What is not possible, and what would be; undefined where all is. */
export function plainProblem(plain: PlainBackbone, image: number): [what: string, remedy: string] | undefined {
  const wrong = SIZES.find((key) => !Number.isSafeInteger(plain[key]) || plain[key] < 1 || plain[key] > LARGEST);
  if (wrong) return [`the plain backbone's ${wrong} is ${shown(plain[wrong])}`, `It has to be a whole number from 1 to ${LARGEST}.`];
  if (plain.relative !== undefined && plain.relative !== true)
    return [`the plain backbone's relative is ${shown(plain.relative)}`, "It has to be true, or absent."];
  const { width, heads, depth, globals, window } = plain;
  if (width % heads !== 0 || width % 2 !== 0)
    return [`a width of ${width} cannot be shared by ${heads} heads`, "Use an even multiple of the heads."];
  if (globals > depth) return [`${globals} of ${depth} blocks are to be global`, "There cannot be more than there are blocks."];
  if ((image / PATCH) % window !== 0)
    return [`windows of ${window} do not tile ${image / PATCH} x ${image / PATCH} tokens`, "Choose a window that divides their side."];
  return undefined;
}
