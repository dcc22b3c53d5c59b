/** Maps cut into cells, some of them erased (MKD); see shaders/cells.wgsl. A mask is f32 [B, gh, gw], 1 visible, 0 erased. */
import type { RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";
import { maskCells, shapeOfMap } from "./maps";

/**
 * Tokens of a map [B, h, w, C]: visible cells as they are, `token` [C] in place of erased ones, and fixed sines and cosines
 * of row and column added to all. Gradients reach x at visible cells and the token at erased ones.
 */
export function placeTokens(x: Tensor, mask: Tensor, token: Tensor): Tensor {
  const [images, height, width, cols] = shapeOfMap("placeTokens", x);
  if (token.size !== cols) throw new Error(`placeTokens: the token is [${token.shape}] for x [${x.shape}]`);
  const seen = maskCells(x, mask);
  const sizes = { images, height, width, cols, mask_h: mask.shape[1], mask_w: mask.shape[2] };
  const out = x.graph.temp(x.shape, "f32", x.needsGrad || token.needsGrad);
  launch(out, "place", { x: seen, mask, token }, sizes);
  if (out.needsGrad)
    x.graph.record(out, (g, grads) => {
      grads.alias(seen, g);
      if (token.needsGrad) launch(grads.piece(token, images), "place_gradient", { x: g, mask }, sizes);
    });
  return out;
}

/** A map [B, h, w, C] and the same fixed sines and cosines. */
export function positioned(x: Tensor): Tensor {
  const [images, height, width, cols] = shapeOfMap("positioned", x);
  const out = launch(x.graph.temp(x.shape, "f32", x.needsGrad), "place", { x }, { images, height, width, cols }, { WHOLE: true });
  if (x.needsGrad) x.graph.record(out, (g, grads) => grads.alias(x, g));
  return out;
}

/** Spreads tokens [B, h, w, p p C] out to the map [B, h p, w p, C]: each gives a block of p x p pixels, row by row. */
export function shuffle(x: Tensor, side: number): Tensor {
  const [images, height, width, all] = shapeOfMap("shuffle", x);
  const cols = all / side ** 2;
  if (!Number.isInteger(cols)) throw new Error(`shuffle: [${x.shape}] holds no blocks of ${side} x ${side}`);
  return rearranged(x, ["shuffle", "unshuffle"], [images, height * side, width * side, cols], { images, height, width, cols, side });
}

/** Undoes `shuffle`: a map [B, h p, w p, C] as [B, h, w, p p C], block by block. */
export function unshuffle(x: Tensor, side: number): Tensor {
  const [images, tall, wide, cols] = shapeOfMap("unshuffle", x);
  const [height, width] = [tall / side, wide / side];
  if (!Number.isInteger(height) || !Number.isInteger(width))
    throw new Error(`unshuffle: [${x.shape}] falls into no blocks of ${side} x ${side}`);
  return rearranged(x, ["unshuffle", "shuffle"], [images, height, width, side ** 2 * cols], { images, height, width, cols, side });
}

function rearranged(x: Tensor, [there, back]: [string, string], shape: number[], sizes: Record<string, number>): Tensor {
  const out = launch(x.graph.temp(shape, "f32", x.needsGrad), there, { x }, sizes);
  if (x.needsGrad)
    x.graph.record(out, (g, grads) => grads.add(x, (previous) => launch(x.graph.temp(x.shape), back, { x: g }, sizes, { previous })));
  return out;
}

/** A mask as weights that average 1 in each image: of its visible cells, or of its erased ones; zero where there are none. No gradient. */
export function weigh(mask: Tensor, cells: "visible" | "erased"): Tensor {
  const [images, height, width] = mask.shape;
  return launch(mask.graph.temp(mask.shape), "weigh", { mask }, { images, height, width }, { ERASED: cells === "erased" });
}

const NONE = { images: 0, height: 0, width: 0, cols: 1, mask_h: 0, mask_w: 0, side: 1 };

function launch(
  out: Tensor,
  entry: string,
  bind: Record<string, Tensor>,
  sizes: Record<string, number>,
  { ERASED = false, WHOLE = false, previous }: { ERASED?: boolean; WHOLE?: boolean; previous?: RowGradient } = {},
): Tensor {
  const add = plus(previous);
  out.graph.launch("cells", entry, {
    constants: { ERASED, WHOLE, ...add.constants },
    bind: { ...bind, ...add.bind, out },
    params: { ...NONE, ...sizes, ...add.params },
    threads: out.size,
  });
  return out;
}
