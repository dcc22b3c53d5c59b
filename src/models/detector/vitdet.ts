/** The forward pass of ViTDet's backbone and simple feature pyramid; see plain.ts. */
import type { Tensor } from "../../engine/graph";
import { positioned, shuffle, unshuffle } from "../../ops/cells";
import { conv2d } from "../../ops/conv";
import { linear } from "../../ops/linear";
import { maskCells, upsampleNearest } from "../../ops/maps";
import { layerNorm } from "../../ops/norm";
import { maxPool } from "../../ops/pool";
import { block } from "../vit/block";
import type { Layers } from "./layers";
import { blockConfig, EPS, isGlobal, PATCH, type PlainBackbone } from "./plain";

/**
 * The last map [B, S / 16, S / 16, width] of images [B, S, S, 3]. Tokens stay in the order of windows between: a window is a batch entry
 * to blocks that attend within it, and the order of tokens is nothing to those that attend to all. Where cells of the input are erased,
 * their tokens are zeros before every block and at the end, as what convolutions of a ResNet read there: whatever they show, they say the
 * same to others. Cells are tokens, or several.
 */
export function plainMap(layers: Layers, plain: PlainBackbone, images: Tensor, mask?: Tensor): Tensor {
  const [weight, bias] = [layers.get("backbone.patch_embed.proj.weight"), layers.get("backbone.patch_embed.proj.bias")];
  const map = positioned(conv2d(images, weight, { bias, stride: PATCH, padding: 0 }));
  const [batch, height, width, cols] = map.shape;
  const { window } = plain;
  const windows = [batch, height / window, width / window, window ** 2 * cols];
  const left = mask && inWindows(mask, [height, width], window);
  const visible = (x: Tensor) => (left ? maskCells(x.reshape([batch, height * width, 1, cols]), left).reshape(x.shape) : x);
  let x = unshuffle(map, window).reshape([batch * height * width, cols]);
  for (let i = 0; i < plain.depth; i++) {
    const side = isGlobal(i, plain) ? height : window;
    const shape = { batch: x.rows / side ** 2, tokens: side ** 2, clsOnly: false, ...(plain.relative && { grid: { side, window } }) };
    ({ x } = block(visible(x), layers.params, `backbone.blocks.${i}.`, blockConfig(plain), shape));
  }
  return shuffle(visible(x).reshape(windows), window);
}

/** A mask [B, gh, gw] for tokens in the order of windows, [B, N, 1]. */
function inWindows(mask: Tensor, [height, width]: [number, number], window: number): Tensor {
  const [batch] = mask.shape;
  const tokens = upsampleNearest(mask.reshape([...mask.shape, 1]), [height, width]);
  return unshuffle(tokens, window).reshape([batch, height * width, 1]);
}

/** P3 to P5 [B, H, W, C]: the map twice as large, as it is, and half as large, each through 1 x 1 and 3 x 3 with layer norms. */
export function simplePyramid(layers: Layers, map: Tensor): Tensor[] {
  const [batch, height, width] = map.shape;
  const doubled = linear(map, layers.get("neck.simfp.0.up.weight"));
  const sizes = [shuffle(doubled.reshape([batch, height, width, doubled.cols]), 2), map, maxPool(map, { size: 2, stride: 2, padding: 0 })];
  return sizes.map((x, l) => {
    const name = `neck.simfp.${l}`;
    const norm = (y: Tensor, of: string) => layerNorm(y, layers.get(`${name}.${of}.weight`), layers.get(`${name}.${of}.bias`), EPS);
    return norm(layers.conv(norm(layers.conv(x, `${name}.conv1`), "norm1"), `${name}.conv2`), "norm2");
  });
}
