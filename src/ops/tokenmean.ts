/** The mean of some tokens; see shaders/tokenmean.wgsl. */
import type { RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";

export interface TokenRange {
  /** Rows of an image. */
  tokens: number;
  /** The first of those that count, and how many follow it with it; none gives zeros. */
  first: number;
  count: number;
}

/** Mean of the tokens first .. first + count - 1 of each image of x [B * tokens, D]: [B, D]. Throws where there are not so many. */
export function tokenMean(x: Tensor, { tokens, first, count }: TokenRange): Tensor {
  const { graph, cols } = x;
  const batch = x.rows / tokens;
  if (!Number.isInteger(batch) || first + count > tokens)
    throw new Error(`tokenMean: x is [${x.shape}] for ${count} from ${first} of ${tokens} tokens`);
  const launch = (entry: string, of: Tensor, out: Tensor, previous?: RowGradient) => {
    const { constants, bind, params } = plus(previous);
    const sizes = { batch, tokens, first, count, cols, ...place("x", of) };
    graph.launch("tokenmean", entry, { constants, bind: { ...bind, x: of, out }, params: { ...sizes, ...params }, threads: out.size });
    return out;
  };
  const y = launch("token_mean", x, graph.temp([batch, cols], x.dtype, x.needsGrad));
  if (x.needsGrad)
    graph.record(y, (g, grads) => grads.add(x, (previous) => launch("token_mean_gradient", g, graph.temp(x.shape, x.dtype), previous)));
  return y;
}
