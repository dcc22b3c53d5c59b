/** A ViT on images of another side than it was made for. */
import { resizePositions } from "../../ops/positions";
import type { Bound } from "../params";
import { checkConfig, gridOf, type ViTConfig } from "./config";

/**
 * The same network for images of `side` pixels, a multiple of its patch: its patches stay as large, so there are fewer or more of
 * them, and their positions are interpolated. Gradients reach the parameters. Throws a WeightsError for a side that patches do not tile.
 */
export function atSide(params: Bound, config: ViTConfig, side: number): { params: Bound; config: ViTConfig } {
  const other = { ...config, image: side };
  checkConfig(other);
  const pos_embed = resizePositions(params.pos_embed, gridOf(config)[0], gridOf(other)[0]);
  return { params: { ...params, pos_embed }, config: other };
}
