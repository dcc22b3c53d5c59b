/** The Haar wavelet transform of feature maps; see shaders/haar.wgsl. */
import type { RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";
import { everyRow } from "./select";

/** One level of the transform: its four bands, and the size of the map it was made of. */
export interface Bands {
  /** [B, H / 2, W / 2, 4, C], halves rounded up: band 0 is low in both directions, 1 to 3 are details. */
  tensor: Tensor;
  /** B, H / 2, W / 2. */
  size: readonly [number, number, number];
}

/**
 * `count` levels of the transform of x [B, H, W, C], each of the low band of the one before; what an odd side lacks is zero.
 * Differentiable.
 */
export function haar(x: Tensor, count: number): Bands[] {
  const [batch, height, width] = x.shape;
  const levels: Bands[] = [];
  for (let i = 0; i < count; i++) {
    const { tensor, size } = levels[i - 1] ?? { tensor: x, size: [batch, height, width] as const };
    levels.push(level(i === 0 ? x : everyRow(tensor, 4), size));
  }
  return levels;
}

function level(x: Tensor, [batch, height, width]: readonly [number, number, number]): Bands {
  const { graph, cols } = x;
  const size = [batch, Math.ceil(height / 2), Math.ceil(width / 2)] as const;
  const tensor = graph.temp([...size, 4, cols], "f32", x.needsGrad);
  const params = { batch, height, width, cols, prompt_count: 0, ...place("x", x), ...plus().params };
  graph.launch("haar", "forward", { bind: { x, out: tensor }, params, threads: tensor.size });
  const backward = (g: Tensor, previous?: RowGradient) => {
    const out = graph.temp(x.shape);
    const add = plus(previous);
    graph.launch("haar", "backward", {
      ...{ constants: add.constants, bind: { ...add.bind, x: g, out }, params: { ...params, ...add.params }, threads: out.size },
    });
    return out;
  };
  if (x.needsGrad) graph.record(tensor, (g, grads) => grads.add(x, (previous) => backward(g, previous)));
  return { tensor, size };
}

/**
 * FreeKD's weight of every row of bands, by prompts [T, C]: how much, on average over the prompts, each place's details are
 * asked for, in 0..1; 0 for the low band. No gradient.
 */
export function promptWeights({ tensor, size }: Bands, prompts: Tensor): Tensor {
  const { graph, cols } = tensor;
  if (prompts.cols !== cols) throw new Error(`promptWeights: prompts [${prompts.shape}] for bands [${tensor.shape}]`);
  const [batch, height, width] = size;
  const weights = graph.temp([...size, 4]);
  const params = { batch, height, width, cols, prompt_count: prompts.rows, x_offset: 0, x_stride: 0, ...plus().params };
  graph.launch("haar", "prompt_weights", { bind: { x: tensor, prompts, out: weights }, params, threads: batch * height * width });
  return weights;
}
