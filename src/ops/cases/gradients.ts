/** What gathers gradients, beside sums. */
import type { Check } from "../evidence";

/** Parts of a large gradient, summed at once as `Gradients.partial` does. */
export const sumOfPartsCase = (parts: number, size: number): Check => ({
  inputs: { b: { shape: [parts, size] } },
  op: ({ b }, graph) => {
    const out = graph.temp([size]);
    const none = { a_offset: 0, a_stride: 0, b_offset: 0, b_stride: 0, every: 1 };
    graph.launch("elementwise", "sum_parts", { bind: { b, out }, params: { ...none, rows: parts, cols: size }, threads: size });
    return out;
  },
  reference: ({ b }) => [
    Float64Array.from({ length: size }, (_, i) => Array.from({ length: parts }, (_, p) => b[p * size + i]).reduce((x, y) => x + y)),
  ],
});
