/** Images that were uploaded as bytes; see shaders/images.wgsl. */
import type { Tensor } from "../engine/graph";

/** Images [B, C, H, W] of bytes, four to a word of `bytes` u32; `values` [C, 256] says what each byte of a channel becomes. No gradient. */
export function fromBytes(bytes: Tensor, values: Tensor, shape: readonly number[]): Tensor {
  const [, channels, height, width] = shape;
  const out = bytes.graph.temp(shape);
  if (bytes.size !== Math.ceil(out.size / 4) || values.size !== 256 * channels)
    throw new Error(`fromBytes: ${bytes.size} words and values [${values.shape}] for images [${shape}]`);
  const params = { count: out.size, area: height * width, channels };
  bytes.graph.launch("images", "normalise", { bind: { bytes, values, out }, params, threads: bytes.size });
  return out;
}
