/**
 * A masked autoencoder: a ViT encodes the patches that are left of an image, a small decoder says what the others looked like, or what
 * another one's decoder makes of them.
 *
 * He et al., "Masked autoencoders are scalable vision learners", CVPR 2022; names are those of its code (models_mae.py). Positions of
 * encoder and decoder are fixed sines and cosines, those of the class token zero. Channels of a position and pixels of a patch come in
 * this program's order (shaders/cells.wgsl, shaders/tokens.wgsl), not in that of its code.
 */
import type { Tensor } from "../engine/graph";
import { placeTokens } from "../ops/cells";
import { linear } from "../ops/linear";
import { layerNorm } from "../ops/norm";
import { prepend, withoutFirst } from "../ops/prepend";
import type { Activation } from "../ops/product";
import { everyRow, gather } from "../ops/select";
import type { Bound } from "./params";
import { block } from "./vit/block";
import { blockShapes, gridOf, initial, initViT, linearShapes, normShapes, patches, type ViTConfig, vitShapes } from "./vit/config";
import { encode } from "./vit/model";
import { INIT_STREAM, type Shapes, type Weights } from "./weights";

/** `features`: each token tells so many features, by an MLP under the names of G2SD's code, instead of the pixels of its patch. */
export interface MaeConfig {
  /** A plain ViT without a head. */
  encoder: ViTConfig;
  decoder: { width: number; depth: number; heads: number; features?: number };
}

/** What of each image is left, N patches in rows and columns. */
export interface Left {
  /** The patches that are seen, u32 [B, k]. */
  kept: Tensor;
  /** For each patch that is seen its place among these, u32 [B, N]; anything below k for the others. */
  places: Tensor;
  /** f32 [B, rows, columns], 1 seen, 0 hidden. */
  visible: Tensor;
}

const MASK_TOKEN = "mask_token";
const FEATURES = "decoderfeature_pred";

/** Every parameter of the decoder with its shape. */
export function decoderShapes({ encoder, decoder }: MaeConfig): Shapes {
  const { width, depth, features } = decoder;
  const pixels = [...normShapes("decoder_norm", width), ...linearShapes("decoder_pred", width, encoder.channels * encoder.patch ** 2)];
  return [
    [MASK_TOKEN, [1, 1, width]],
    ...linearShapes("decoder_embed", encoder.width, width),
    ...Array.from({ length: depth }, (_, i) => blockShapes(blockConfig(decoder), blockName(i))).flat(),
    ...(features ? mlpShapes(width, features) : pixels),
  ];
}

const mlpShapes = (width: number, features: number): Shapes => [
  ...linearShapes(`${FEATURES}.fc1`, width, features),
  ...linearShapes(`${FEATURES}.fc2`, features, features),
];

const blockName = (i: number) => `decoder_blocks.${i}`;

/** Hidden width of a block's MLP, in widths. */
const MLP = 4;
const EPS = 1e-6;

const blockConfig = ({ width, heads }: MaeConfig["decoder"]) =>
  ({ width, heads, headDim: width / heads, mlp: MLP * width, activation: "gelu", qkvBias: true, projBias: true, eps: EPS }) as const;

/** Fresh weights of encoder and decoder. */
export function initMae(config: MaeConfig, seed: number): Weights {
  const encoder = initViT(config.encoder, seed);
  const drawn = decoderShapes(config).map(([name, shape], i) => {
    return [name, { shape, data: initial(name, shape, seed, INIT_STREAM + encoder.size + i) }] as const;
  });
  return new Map([...encoder, ["pos_embed", positions(config.encoder)], ...drawn]);
}

/** Whether a parameter learns: positions are fixed. */
export const learns = (name: string): boolean => name !== "pos_embed";

/** The encoder alone. */
export const encoderOf = (weights: Weights, { encoder }: MaeConfig): Weights =>
  new Map([...vitShapes(encoder).keys()].map((name) => [name, weights.get(name)!]));

/** The encoder's: `sinePositions`, and zeros for the class token, [1, 1 + N, D]. */
function positions(config: ViTConfig) {
  const { width } = config;
  const [rows, columns] = gridOf(config);
  const data = new Float32Array((1 + rows * columns) * width);
  data.set(sinePositions(rows, columns, width), width);
  return { shape: [1, 1 + rows * columns, width], data };
}

/** Sines and cosines of row and column, a quarter of the channels each, as shaders/cells.wgsl has them: [rows columns, width]. */
export function sinePositions(rows: number, columns: number, width: number): Float32Array {
  const data = new Float32Array(rows * columns * width);
  const quarter = Math.floor(width / 4);
  for (let cell = 0; cell < rows * columns; cell++)
    for (let c = 0; c < 4 * quarter; c++) {
      const place = c < 2 * quarter ? Math.floor(cell / columns) : cell % columns;
      const angle = place * 10000 ** (-(c % quarter) / quarter);
      data[cell * width + c] = Math.floor(c / quarter) % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  return data;
}

/**
 * What the decoder tells of images [B, C, S, S] of which so much is left: what the patches look like, rows of pixels [B * N, C P P] as
 * `patchify` cuts them, or features of all tokens [B * (1 + N), features].
 */
export function mae(params: Bound, config: MaeConfig, images: Tensor, left: Left): Tensor {
  const tokens = decoded(params, config, images, left).at(-1)!;
  return config.decoder.features ? featuresOf(params, tokens) : pixelsOf(params, tokens, images.shape[0]);
}

/** Tokens of class and patches after each block of the decoder, [B * (1 + N), width] each. */
export function decoded(params: Bound, { encoder, decoder }: MaeConfig, images: Tensor, { kept, places, visible }: Left): Tensor[] {
  const batch = images.shape[0];
  const { blocks } = encode(params, encoder, images, { kept, allTokens: true });
  const narrow = layer(params, normed(params, blocks[blocks.length - 1], "norm"), "decoder_embed");
  const tokens = 1 + patches(encoder);
  const all = gather(narrow.reshape([batch, 1 + kept.cols, decoder.width]), places, { keepFirst: true });
  const map = withoutFirst(all, batch).reshape([batch, ...gridOf(encoder), decoder.width]);
  let x = prepend(everyRow(all, tokens), placeTokens(map, visible, params[MASK_TOKEN]));
  return Array.from({ length: decoder.depth }, (_, i) => {
    ({ x } = block(x, params, `${blockName(i)}.`, blockConfig(decoder), { batch, tokens, clsOnly: false }));
    return x;
  });
}

/** What tokens after the last block tell of the pixels, [B * N, C P P]. */
export const pixelsOf = (params: Bound, tokens: Tensor, batch: number): Tensor =>
  layer(params, normed(params, withoutFirst(tokens, batch), "decoder_norm"), "decoder_pred");

/** What they tell of another decoder's features, [B * (1 + N), features]. */
const featuresOf = (params: Bound, tokens: Tensor): Tensor =>
  layer(params, layer(params, tokens, `${FEATURES}.fc1`, "gelu"), `${FEATURES}.fc2`);

const layer = (params: Bound, x: Tensor, name: string, activation?: Activation) =>
  linear(x, params[`${name}.weight`], { bias: params[`${name}.bias`], activation });
const normed = (params: Bound, x: Tensor, name: string) => layerNorm(x, params[`${name}.weight`], params[`${name}.bias`], EPS);
