/** A frozen ViT on the test engine, looking at images. */
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { Fetched } from "../../engine/readback";
import { testEngine, upload } from "../../ops/check";
import { Params } from "../params";
import type { Weights } from "../weights";
import { imageShape, type ViTConfig } from "./config";
import { type DropPath, vit } from "./model";

/** How to look at images: see `looking`. */
export interface Look {
  /** 3 when absent. */
  batch?: number;
  /** Kept patches of each image; all when absent. */
  keep?: number[][];
  allTokens?: boolean;
  dropPath?: DropPath;
  /** Tokens that each block merges. */
  merge?: number;
  /** What else to fetch besides logits and blocks. */
  extra?: (seen: ReturnType<typeof vit>) => Record<string, Tensor>;
}

/** A model compiled once; the function returned takes images and gives its logits (and what `extra` asks for). */
export async function looking(config: ViTConfig, weights: Weights, { batch = 3, keep, extra, ...options }: Look = {}) {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const params = new Params(engine, weights);
  const images = upload(engine, new Float32Array(batch * imageShape(config).reduce((a, b) => a * b)), "f32");
  const kept = keep && graph.fixed(upload(engine, keep.flat(), "u32"), [batch, keep[0].length], "u32");
  const pixels = graph.fixed(images, [batch, ...imageShape(config)]);
  const seen = vit(params.on(graph, false), config, pixels, { kept, ...options });
  const program = await Program.compile(graph, { logits: seen.logits, ...extra?.(seen) });
  return (values: ArrayLike<number>): Promise<Fetched> => {
    engine.device.queue.writeBuffer(images, 0, Float32Array.from(values));
    return program.fetch();
  };
}

/** One look. */
export async function look(config: ViTConfig, weights: Weights, images: ArrayLike<number>, options: Look = {}): Promise<Fetched> {
  return (await looking(config, weights, options))(images);
}

/** Attention of the class token to the patches, [B, H, T - lead], out of [B, H, T, T]. */
export function classRows(attention: Float64Array, tokens: number, lead = 1): Float64Array {
  return attention.filter((_, i) => Math.floor(i / tokens) % tokens === 0 && i % tokens >= lead);
}
