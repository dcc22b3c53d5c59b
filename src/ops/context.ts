/** Global context: a weighted sum of each image's pixels, and a vector added to all of them; see shaders/context.wgsl. */
import type { RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";

/** sum over pixels of w x for maps x [B, .., C] and weights w [B, pixels]: [B, C]. Both get gradients. */
export function weightedSum(x: Tensor, w: Tensor): Tensor {
  if (w.size !== x.rows || w.shape.length !== 2 || w.rows !== x.shape[0])
    throw new Error(`weightedSum: weights [${w.shape}] for [${x.shape}]`);
  const out = x.graph.temp([x.shape[0], x.cols], "f32", x.needsGrad || w.needsGrad);
  launch(x, "pool", { x, w, out });
  const gradient = (to: Tensor, entry: string, bind: Record<string, Tensor>) => (previous?: RowGradient) => {
    const d = x.graph.temp(to.shape);
    launch(x, entry, { ...bind, out: d }, { previous });
    return d;
  };
  if (out.needsGrad)
    x.graph.record(out, (g, grads) => {
      grads.add(x, gradient(x, "pool_gradient", { w, g }));
      grads.add(w, gradient(w, "weights_gradient", { x, g }));
    });
  return out;
}

/** x [B, .., C] with t [B, C] added to every pixel. */
export function addToAll(x: Tensor, t: Tensor): Tensor {
  if (t.rows !== x.shape[0] || t.cols !== x.cols) throw new Error(`addToAll: [${t.shape}] to all of [${x.shape}]`);
  const out = x.graph.temp(x.shape, "f32", x.needsGrad || t.needsGrad);
  launch(x, "add_all", { x, w: t, out });
  if (out.needsGrad)
    x.graph.record(out, (g, grads) => {
      grads.alias(x, g);
      grads.add(t, (previous) => {
        const d = x.graph.temp(t.shape);
        launch(x, "pool", { x: g, out: d }, { WEIGHTED: false, previous });
        return d;
      });
    });
  return out;
}

/** x [B, .., C] with each channel of an image times sigmoid(t), t [B, C]. Both get gradients. */
export function gateChannels(x: Tensor, t: Tensor): Tensor {
  if (t.rows !== x.shape[0] || t.cols !== x.cols) throw new Error(`gateChannels: [${t.shape}] for [${x.shape}]`);
  const { graph } = x;
  const out = graph.temp(x.shape, "f32", x.needsGrad || t.needsGrad);
  launch(x, "gate", { x, w: t, out });
  const gradient = (to: Tensor, entry: string, bind: Record<string, Tensor>) => (previous?: RowGradient) => {
    const d = graph.temp(to.shape);
    launch(x, entry, { ...bind, w: t, out: d }, { previous });
    return d;
  };
  if (out.needsGrad)
    graph.record(out, (g, grads) => {
      grads.add(x, gradient(x, "gate", { x: g }));
      grads.add(t, gradient(t, "gates_gradient", { x, g }));
    });
  return out;
}

/** A launch over the elements of `bind.out`; `x` gives the sizes. */
function launch(x: Tensor, entry: string, bind: Record<string, Tensor>, o: { WEIGHTED?: boolean; previous?: RowGradient } = {}): void {
  const add = plus(o.previous);
  const images = x.shape[0];
  x.graph.launch("context", entry, {
    constants: { WEIGHTED: o.WEIGHTED ?? true, ...add.constants },
    bind: { ...bind, ...add.bind },
    params: { images, pixels: x.rows / images, cols: x.cols, ...add.params },
    threads: bind.out.size,
  });
}
