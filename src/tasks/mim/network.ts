/** A masked autoencoder as a file, in and out: a ViT without a head, and its decoder. */
import type { Dataset } from "../../data/dataset";
import { EngineError } from "../../engine/errors";
import { decoderShapes, type MaeConfig } from "../../models/mae";
import { parsed } from "../../models/metadata";
import { readSafetensors, readSafetensorsMetadata } from "../../models/safetensors";
import { checkTensor, type Weights, WeightsError } from "../../models/weights";
import { counted } from "../counts";
import type { ImportHints } from "../task";
import { describeViT, type Network, readNetwork, writeNetwork } from "../vitNetwork";
import { type Cut, cellsAcross } from "./autoencoder";

/** `config` is the encoder's; `weights` are those of both. */
export interface MaeNetwork extends Network {
  decoder: MaeConfig["decoder"];
  /** Whether it tells each patch less its mean, over its deviation. */
  target: Target;
}

export type Target = "normalised" | "pixels";

/** What its file says of the decoder. */
interface ToldOfDecoder {
  heads: number;
  target: Target;
}

const KIND = "masked autoencoder";
const REMEDY = "Use a masked autoencoder of this program: npm run train -- preset=mim out=FILE.";

/** Reads what `writeMae` wrote. Rejects with an EngineError what has no decoder, or one that is not known. */
export async function readMae(bytes: Uint8Array, name: string, hints: ImportHints = {}): Promise<MaeNetwork> {
  const encoder = await readNetwork(bytes, name, hints);
  const tensors = readSafetensors(bytes, name);
  const embed = tensors.get("decoder_embed.weight");
  if (!embed) throw new WeightsError(`${name} has no decoder: it is an encoder alone.`, REMEDY);
  const { decoder: told } = readSafetensorsMetadata(bytes, name);
  if (told === undefined)
    throw new WeightsError(`${name} does not say how its decoder computes; that of other programs has positions in another order.`, REMEDY);
  const { heads, target } = parsed(told, "decoder", KIND, name) as ToldOfDecoder;
  const depth = new Set([...tensors.keys()].map((tensor) => /^decoder_blocks\.\d+\./.exec(tensor)?.[0]).filter(Boolean)).size;
  const decoder = { width: embed.shape[0], depth, heads };
  if (!Number.isInteger(decoder.width / heads) || !(target === "normalised" || target === "pixels"))
    throw new WeightsError(`${name} says of its decoder ${told}, which cannot be.`, "Write it again.");
  const weights: Weights = new Map(encoder.weights);
  for (const [tensor, shape] of decoderShapes({ encoder: encoder.config, decoder }))
    weights.set(tensor, checkTensor(name, tensor, shape, tensors.get(tensor) as never, `a ${KIND}`));
  return { ...encoder, weights, decoder, target };
}

/** Encoder and decoder as one file; a student of other tasks begins as its encoder. */
export function writeMae(weights: Weights, { encoder, decoder }: MaeConfig, target: Target, dataset: Dataset, score?: number): Uint8Array {
  const told: ToldOfDecoder = { heads: decoder.heads, target };
  return writeNetwork({ weights, config: encoder, score }, dataset, { decoder: JSON.stringify(told) });
}

/** The network's kind and size, for people. */
export const describeMae = ({ config, decoder }: MaeNetwork): string =>
  `${describeViT(config)}, and a decoder of width ${decoder.width}, ${counted(decoder.depth, "block")}`;

/** Throws an EngineError unless teacher and student cut images into the same patches, of the same channels. */
export function assertSamePatches({ name, config }: MaeNetwork, student: Cut): void {
  if (config.channels !== student.channels)
    throw new EngineError(
      `The teacher ${name} was trained on images of ${counted(config.channels, "channel")}; these have ${student.channels}.`,
      "Train one on these images.",
    );
  if (config.patch !== student.patch)
    throw new EngineError(
      `The teacher ${name} has patches of ${config.patch} pixels, the student of ${student.patch}.`,
      `Set the patch size to ${config.patch}.`,
    );
  if (config.image !== student.image)
    throw new EngineError(
      `The teacher ${name} sees ${cellsAcross(config) ** 2} patches of an image, the student ${cellsAcross(student) ** 2}.`,
      `Set the image side to ${config.image}.`,
    );
}
