/** Reference forward pass of a YOLOS in float64, for tests only: slow and obvious. See vit/reference.ts. */
import { attentionBranch, concat, embed, gather, layerNorm, linear, lookup, mlpBranch, type Weights64 } from "../vit/reference";
import type { YolosConfig } from "./config";

export interface Yolos64 {
  /** Tokens after the last norm, class token first, detection tokens last: [B, 1 + n + M, D]. */
  tokens: Float64Array;
  /** [B, M, K + 1] and [B, M, 4]. */
  logits: Float64Array;
  boxes: Float64Array;
  /** Attention in the last block of each image: [H, T, T]. */
  attention: Float64Array[];
}

/** For images flat [B, C, S, S]; `keep` names the patches of each that are seen. */
export function yolos64(
  { encoder, tokens: count }: YolosConfig,
  weights: Weights64,
  images: ArrayLike<number>,
  batch: number,
  keep?: readonly (readonly number[])[],
): Yolos64 {
  const backbone = [...weights].flatMap(([name, w]): [string, { data: ArrayLike<number> }][] =>
    name.startsWith("backbone.") ? [[name.slice("backbone.".length), w]] : [],
  );
  const get = lookup(new Map(backbone));
  const head = lookup(weights);
  const size = encoder.channels * encoder.image ** 2;
  const det = get("det_token")!.map((v, i) => v + get("det_pos")![i]);
  const seen = Array.from({ length: batch }, (_, b) => {
    const image = Float64Array.from({ length: size }, (_, i) => images[b * size + i]);
    const x = concat([gather(embed(encoder, get, image), encoder, keep?.[b]), det]);
    let attention = new Float64Array();
    for (let l = 0; l < encoder.depth; l++) {
      attention = attentionBranch(encoder, get, `blocks.${l}`, x) as typeof attention;
      mlpBranch(encoder, get, `blocks.${l}`, x);
    }
    const tokens = layerNorm(get, "norm", x, encoder);
    const last = tokens.subarray(tokens.length - count * encoder.width);
    const told = (name: string) =>
      [0, 1, 2].reduce((y, i) => linear(head, `${name}.layers.${i}`, y, encoder.width).map((v) => (i < 2 ? Math.max(0, v) : v)), last);
    return { tokens, attention, logits: told("class_embed"), boxes: told("bbox_embed") };
  });
  return {
    tokens: concat(seen.map(({ tokens }) => tokens)),
    logits: concat(seen.map(({ logits }) => logits)),
    boxes: concat(seen.map(({ boxes }) => boxes)),
    attention: seen.map(({ attention }) => attention),
  };
}
