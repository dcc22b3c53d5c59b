/** Where ground truth lies on a feature map; see shaders/boxmasks.wgsl. */
import type { Tensor } from "../engine/graph";

/**
 * FGD's masks on a map of [height, width] from boxes [B, G, 4] in pixels of an image of `side`: `foreground` is one over the
 * area of the smallest box that covers a pixel, `background` is shared equally by the pixels no box covers and sums to 1 where
 * there are any. Both [B, height, width], without gradient.
 */
export function boxMasks(boxes: Tensor, side: number, [height, width]: readonly number[]): { foreground: Tensor; background: Tensor } {
  const { graph } = boxes;
  const [batch, slots] = boxes.shape;
  if (boxes.shape.length !== 3 || boxes.cols !== 4) throw new Error(`boxMasks: boxes are [${boxes.shape}], not [B, G, 4]`);
  const params = { batch, slots, side, height, width };
  const foreground = graph.temp([batch, height, width]);
  const background = graph.temp(foreground.shape);
  graph.launch("boxmasks", "foreground", { bind: { boxes, out: foreground }, params, threads: foreground.size });
  graph.launch("boxmasks", "background", { bind: { mask: foreground, out: background }, params, threads: foreground.size });
  return { foreground, background };
}
