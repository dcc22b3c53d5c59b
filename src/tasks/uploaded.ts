/** A batch's images on the GPU: uploaded as bytes, where the data are bytes, a quarter of what floats take, and normalised there. */
import type { Engine } from "../engine/device";
import type { Graph, Tensor } from "../engine/graph";
import { fromBytes } from "../ops/images";

export interface ImageBuffers {
  /** f32 [B, C, H, W]; with `values` u8. */
  images: GPUBuffer;
  /** What each byte of a channel becomes, f32 [C, 256]. */
  values?: GPUBuffer;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b);

/** Takes them, for images of a shape; with `values` [C, 256] for bytes. */
export function takeImages(engine: Engine, shape: readonly number[], values?: Float32Array): ImageBuffers {
  const images = engine.takeBuffer((values ? 1 : 4) * sizeOf(shape));
  if (!values) return { images };
  const table = engine.takeBuffer(values.byteLength);
  engine.device.queue.writeBuffer(table, 0, values as BufferSource);
  return { images, values: table };
}

/** The images, normalised, on a graph. */
export function imagesOn(graph: Graph, { images, values }: ImageBuffers, shape: readonly number[]): Tensor {
  if (!values) return graph.fixed(images, shape);
  const bytes = graph.fixed(images, [Math.ceil(sizeOf(shape) / 4)], "u32");
  return fromBytes(bytes, graph.fixed(values, [shape[1], 256]), shape);
}

export function giveImages(engine: Engine, { images, values }: ImageBuffers): void {
  for (const buffer of values ? [images, values] : [images]) engine.giveBuffer(buffer);
}
