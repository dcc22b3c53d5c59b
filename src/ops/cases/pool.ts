/** Max pooling beside its definition. */
import type { Check } from "../evidence";
import { add } from "../maps";
import { maxPool, type Window } from "../pool";

/** By the definition: each result looks at every element of its image and channel. */
function maxPool64(x: Float64Array, [batch, h, w, cols]: number[], { size, stride, padding }: Window): Float64Array {
  const [H, W] = [h, w].map((side) => Math.floor((side + 2 * padding - size) / stride) + 1);
  const out = new Float64Array(batch * H * W * cols).fill(Number.NEGATIVE_INFINITY);
  const within = (at: number, o: number) => at >= o * stride - padding && at < o * stride - padding + size;
  for (let i = 0; i < out.length; i++) {
    const [c, column, row, b] = [i % cols, Math.floor(i / cols) % W, Math.floor(i / cols / W) % H, Math.floor(i / cols / W / H)];
    for (let y = 0; y < h; y++)
      for (let z = 0; z < w; z++) if (within(y, row) && within(z, column)) out[i] = Math.max(out[i], x[((b * h + y) * w + z) * cols + c]);
  }
  return out;
}

export const maxPoolCase = (shape: number[], window?: Window): Check => ({
  inputs: { x: { shape, grad: true } },
  op: ({ x }) => maxPool(add(x, x), window),
  reference: ({ x }) => [maxPool64(x, shape, window ?? { size: 3, stride: 2, padding: 1 }).map((v) => 2 * v)],
});
