/** Attention that knows how far apart tokens lie, along rows and along columns; see shaders/relative.wgsl. */
import type { Tensor } from "../engine/graph";
import { type AttentionTrace, type Heads, selfAttention } from "./attention";

/** Where tokens lie: on a grid of `side` x `side`, in the order of windows of `window` x `window` that tile it. */
export interface TokenGrid {
  side: number;
  window: number;
}

/** Row and column of token t of an image. */
export function placeOf(t: number, { side, window }: TokenGrid): [row: number, column: number] {
  const [which, within] = [Math.floor(t / window ** 2), t % window ** 2];
  const across = side / window;
  return [Math.floor(which / across) * window + Math.floor(within / window), (which % across) * window + (within % window)];
}

/** Parameters [2 side - 1, headDim]: of every distance along rows, and along columns, from -(side - 1) on. All heads share them. */
export interface RelativePositions extends TokenGrid {
  rows: Tensor;
  columns: Tensor;
}

/**
 * `selfAttention` with q · R[row(q) - row(k)] + q · C[column(q) - column(k)] added to each logit, q before it is scaled. The trace
 * is of heads that are wider by as much as that takes. Throws for tables or tokens of another grid.
 *
 * Li et al., "MViTv2: Improved multiscale vision transformers", CVPR 2022, as ViTDet has it (detectron2, modeling/backbone/utils.py).
 */
export function relativeAttention(qkv: Tensor, heads: Heads, positions: RelativePositions): { out: Tensor; trace: AttentionTrace } {
  const layout = layoutOf(qkv, heads, positions);
  const wide = extend(qkv, positions, layout);
  const { out, trace } = selfAttention(wide, { ...heads, headDim: layout.wide });
  return { out: crop(out, layout), trace };
}

interface Layout {
  rows: number;
  heads: number;
  dim: number;
  wide: number;
  side: number;
  window: number;
}

function layoutOf(qkv: Tensor, { heads, headDim: dim }: Heads, { rows, columns, side, window }: RelativePositions): Layout {
  const fits = [rows, columns].every(({ size }) => size === (2 * side - 1) * dim);
  if (!fits || side % window !== 0 || qkv.rows % side ** 2 !== 0)
    throw new Error(
      `relativeAttention: tables [${rows.shape}] and [${columns.shape}] for ${qkv.rows} tokens on grids of ${side}, windows of ${window}`,
    );
  return { rows: qkv.rows, heads, dim, wide: 4 * Math.ceil((dim + 2 * side) / 4), side, window };
}

/** Fewest rows for a lane of a table's gradient, and most parts. */
const LEAST_ROWS = 64;
const MOST_PARTS = 16;

function extend(qkv: Tensor, { rows, columns }: RelativePositions, layout: Layout): Tensor {
  const { graph } = qkv;
  const needsGrad = [qkv, rows, columns].some((t) => t.needsGrad);
  const out = graph.temp([layout.rows, 3 * layout.heads * layout.wide], "f32", needsGrad);
  launch("extend", { x: qkv, r: rows, c: columns, out }, layout);
  if (needsGrad)
    graph.record(out, (g, grads) => {
      if (qkv.needsGrad) {
        const d = graph.temp(qkv.shape);
        launch("extend_gradient", { g, r: rows, c: columns, out: d }, layout);
        grads.alias(qkv, d);
      }
      const part = Math.max(LEAST_ROWS, Math.ceil(layout.rows / MOST_PARTS));
      const parts = Math.ceil(layout.rows / part);
      for (const [table, COLUMNS] of [
        [rows, false],
        [columns, true],
      ] as const)
        if (table.needsGrad) launch("table_gradient", { x: qkv, g, out: grads.piece(table, parts) }, layout, { parts, part, COLUMNS });
    });
  return out;
}

function crop(x: Tensor, layout: Layout): Tensor {
  const out = x.graph.temp([layout.rows, layout.heads * layout.dim], "f32", x.needsGrad);
  launch("crop", { x, out }, layout);
  if (x.needsGrad)
    x.graph.record(out, (g, grads) => {
      const d = x.graph.temp(x.shape);
      launch("pad", { x: g, out: d }, layout);
      grads.alias(x, d);
    });
  return out;
}

function launch(
  entry: string,
  bind: Record<string, Tensor> & { out: Tensor },
  layout: Layout,
  { parts = 1, part = layout.rows, COLUMNS = false }: { parts?: number; part?: number; COLUMNS?: boolean } = {},
): void {
  const { out } = bind;
  out.graph.launch("relative", entry, { constants: { COLUMNS }, bind, params: { ...layout, parts, part }, threads: out.size });
}
