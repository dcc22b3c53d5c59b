/** Attention that patches receive, beside the whole matrix of probabilities. */
import { type SaliencyOptions, saliency, selfAttention } from "../attention";
import type { Check } from "../evidence";
import { column, probabilities } from "../reference";

/** Tokens of an image before the patches, and after them, of seven in all. */
export interface Around {
  lead?: number;
  tail?: number;
}

const TOKENS = 7;

export function saliencyCase(
  { queries = "cls", reading = "code", perHead = false }: SaliencyOptions,
  { lead = 1, tail = 0 }: Around,
): Check {
  const d = { batch: 2, heads: 3, headDim: 4, queries: TOKENS, keys: TOKENS, lead, tail };
  const end = TOKENS - tail;
  const n = end - lead;
  return {
    inputs: { qkv: { shape: [2 * TOKENS, 36] } },
    op: ({ qkv }) => saliency(selfAttention(qkv, d).trace, { queries, reading, perHead }),
    reference: ({ qkv }) => {
      const p = probabilities(d, column(qkv, TOKENS, 36, 0), column(qkv, TOKENS, 36, 12));
      const heads = Array.from({ length: 6 }, (_, bh) => {
        const [from, to] = { cls: [0, 1], lead: [0, lead], patches: [lead, end], det: [end, TOKENS] }[queries];
        const rows = p.slice(bh * TOKENS + from, bh * TOKENS + to);
        return Array.from({ length: n }, (_, j) => {
          const rest = (row: number[]) => row.slice(lead, end).reduce((a, v) => a + v, 0);
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
