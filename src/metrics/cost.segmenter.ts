/** What a Segmenter costs: multiply-adds as in cost.ts. The bilinear enlargement of its logits counts nothing, like norms. */
import { decoderBlocks, type SegmenterConfig } from "../models/segmenter/config";
import { patches } from "../models/vit/config";
import { configMacs, vitMacs } from "./cost";

/** Multiply-adds of one forward pass of one image. */
export interface SegmenterMacs {
  encoder: number;
  /** 0 where patches are left out: a masked teacher's decoder is never run. */
  decoder: number;
  total: number;
}

/** Multiply-adds of one image when the encoder's blocks see `keep` patches (default all) and CLS. */
export function segmenterMacs(config: SegmenterConfig, keep = patches(config.encoder)): SegmenterMacs {
  const encoder = configMacs(config.encoder, keep).total;
  const decoder = keep < patches(config.encoder) ? 0 : decoderMacs(config);
  return { encoder, decoder, total: encoder + decoder };
}

/** Linear: N D K. Mask transformer: N D d, its blocks over N + K tokens, both projections, and the likeness N K d. */
function decoderMacs(config: SegmenterConfig): number {
  const { encoder, decoder, classes } = config;
  const count = patches(encoder);
  if (decoder.kind === "linear") return count * encoder.width * classes;
  const { width, depth, headDim, heads, mlp } = decoderBlocks(config, decoder);
  const tokens = count + classes;
  const blocks = vitMacs({ tokens, width, depth, inner: heads * headDim, mlp }).total;
  return count * encoder.width * width + blocks + tokens * width * width + count * classes * width;
}
