/** The views of an image that are compared: two global crops, and smaller local ones. */
import type { Live, Tensor } from "../../engine/graph";
import { type Moments, randomResizedCrop } from "../../ops/augment";
import { colourJitter } from "../../ops/jitter";

export interface CropSettings {
  seed: number;
  /** Fresh crops for each value. */
  step: Live | number;
  /** Share of an image's area that global crops show at least, and local ones at most. */
  share: Live | number;
  /** Local crops of each image, and their pixels along an edge. */
  count: number;
  side: number;
  /** How far colours stray, and which share of the crops is grey; colours stay as they are when absent. */
  colour?: { jitter: Live | number; grey: Live | number; moments: Moments };
}

/** Views of B images, crop after crop: [2 * B, C, S, S] and, if there are any, [n * B, C, s, s]. */
export interface Crops {
  global: Tensor;
  local?: Tensor;
}

/** Global crops of each image: those the teacher sees. */
export const GLOBAL = 2;
/** Least share of the area that a local crop shows, as in DINO. */
const LEAST = 0.05;
/** Keep the draws of both kinds, and those of their colours, apart from other uses of the same seed. */
const STREAM = { global: 0x240, local: 0x241, globalColour: 0x242, localColour: 0x243 };

/** Crops of images [B, C, S, S], each mirrored half of the time, and of other colours where asked for. No gradient. */
export function cropsOf(images: Tensor, { seed, step, share, count, side, colour }: CropSettings): Crops {
  const random = { seed, step };
  const coloured = (crops: Tensor, stream: number) =>
    colour ? colourJitter(crops, { ...random, stream, ...colour, strength: colour.jitter }) : crops;
  const global = coloured(
    randomResizedCrop(images, { ...random, stream: STREAM.global, least: share, copies: GLOBAL }),
    STREAM.globalColour,
  );
  if (count === 0) return { global };
  const local = randomResizedCrop(images, { ...random, stream: STREAM.local, least: LEAST, most: share, copies: count, side });
  return { global, local: coloured(local, STREAM.localColour) };
}
