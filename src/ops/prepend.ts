/** A row before those of each image, and those without it; see shaders/prepend.wgsl. */
import type { RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";
import { everyRow } from "./select";

/** [batch, D] and [batch * T, D] -> [batch * (1 + T), D]. */
export function prepend(first: Tensor, rest: Tensor): Tensor {
  const [batch, tokens] = [first.rows, rest.rows / first.rows];
  if (!Number.isInteger(tokens) || first.cols !== rest.cols) throw new Error(`prepend: [${first.shape}] before [${rest.shape}]`);
  const { graph } = rest;
  const out = graph.temp([batch * (1 + tokens), rest.cols], rest.dtype, first.needsGrad || rest.needsGrad);
  before(out, batch, rest, first);
  if (out.needsGrad)
    graph.record(out, (g, grads) => {
      grads.add(rest, (previous) => after(graph.temp(rest.shape, rest.dtype), batch, g, previous));
      grads.alias(first, everyRow(g, 1 + tokens));
    });
  return out;
}

/** [batch * (1 + T), D] -> [batch * T, D]. */
export function withoutFirst(x: Tensor, batch: number): Tensor {
  const tokens = x.rows / batch - 1;
  if (!Number.isInteger(tokens) || tokens < 0) throw new Error(`withoutFirst: [${x.shape}] for ${batch} images`);
  const { graph } = x;
  const out = after(graph.temp([batch * tokens, x.cols], x.dtype, x.needsGrad), batch, x);
  if (x.needsGrad)
    graph.record(out, (g, grads) => grads.add(x, (previous) => before(graph.temp(x.shape, x.dtype), batch, g, undefined, previous)));
  return out;
}

function before(out: Tensor, batch: number, rest: Tensor, first?: Tensor, previous?: RowGradient): Tensor {
  const { constants, bind, params } = plus(previous);
  const places = { ...place("x", rest), first_offset: first?.offset ?? 0, first_stride: first?.stride ?? 0 };
  out.graph.launch("prepend", "prepend", {
    constants: { ...constants, FIRST: first !== undefined },
    bind: { ...bind, x: rest, out, ...(first && { first }) },
    params: { batch, tokens: out.rows / batch - 1, cols: out.cols, ...places, ...params },
    threads: out.size,
  });
  return out;
}

function after(out: Tensor, batch: number, x: Tensor, previous?: RowGradient): Tensor {
  const { constants, bind, params } = plus(previous);
  out.graph.launch("prepend", "rest", {
    constants,
    bind: { ...bind, x, out },
    params: { batch, tokens: out.rows / batch, cols: out.cols, ...place("x", x), first_offset: 0, first_stride: 0, ...params },
    threads: out.size,
  });
  return out;
}
