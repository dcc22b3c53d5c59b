/** Attention that patches receive, beside the whole matrix of probabilities. */
import { type SaliencyOptions, saliency, selfAttention } from "../attention";
import type { Check } from "../evidence";
import { column, probabilities } from "../reference";

/** Of six tokens, `lead` of which come before the patches. */
export function saliencyCase({ queries = "cls", reading = "code", perHead = false }: SaliencyOptions, lead: number): Check {
  const d = { batch: 2, heads: 3, headDim: 4, queries: 6, keys: 6, lead };
  const n = 6 - lead;
  return {
    inputs: { qkv: { shape: [12, 36] } },
    op: ({ qkv }) => saliency(selfAttention(qkv, d).trace, { queries, reading, perHead }),
    reference: ({ qkv }) => {
      const p = probabilities(d, column(qkv, 6, 36, 0), column(qkv, 6, 36, 12));
      const heads = Array.from({ length: 6 }, (_, bh) => {
        const [from, to] = { cls: [0, 1], lead: [0, lead], patches: [lead, 6] }[queries];
        const rows = p.slice(bh * 6 + from, bh * 6 + to);
        return Array.from({ length: n }, (_, j) => {
          const rest = (row: number[]) => row.slice(lead).reduce((a, v) => a + v, 0);
          const each = rows.map((row) => (reading === "eq2" ? row[j + lead] / rest(row) : row[j + lead]));
          return each.reduce((a, v) => a + v, 0) / each.length;
        });
      });
      if (perHead) return [heads.flat()];
      const mean = (b: number, j: number) => (heads[3 * b][j] + heads[3 * b + 1][j] + heads[3 * b + 2][j]) / 3;
      return [Array.from({ length: 2 * n }, (_, i) => mean(Math.floor(i / n), i % n))];
    },
  };
}
