/** The forward pass of ViTDet's backbone and simple feature pyramid; see plain.ts. */
import type { Tensor } from "../../engine/graph";
import { positioned, shuffle, unshuffle } from "../../ops/cells";
import { conv2d } from "../../ops/conv";
import { linear } from "../../ops/linear";
import { layerNorm } from "../../ops/norm";
import { maxPool } from "../../ops/pool";
import { block } from "../vit/block";
import type { Layers } from "./layers";
import { blockConfig, EPS, isGlobal, PATCH, type PlainBackbone } from "./plain";

/**
 * The last map [B, S / 16, S / 16, width] of images [B, S, S, 3]. Tokens stay in the order of windows between: a window is a batch entry
 * to blocks that attend within it, and the order of tokens is nothing to those that attend to all.
 */
export function plainMap(layers: Layers, plain: PlainBackbone, images: Tensor): Tensor {
  const [weight, bias] = [layers.get("backbone.patch_embed.proj.weight"), layers.get("backbone.patch_embed.proj.bias")];
  const map = positioned(conv2d(images, weight, { bias, stride: PATCH, padding: 0 }));
  const [batch, height, width, cols] = map.shape;
  const { window } = plain;
  const windows = [batch, height / window, width / window, window ** 2 * cols];
  let x = unshuffle(map, window).reshape([batch * height * width, cols]);
  for (let i = 0; i < plain.depth; i++) {
    const tokens = isGlobal(i, plain) ? height * width : window ** 2;
    ({ x } = block(x, layers.params, `backbone.blocks.${i}.`, blockConfig(plain), { batch: x.rows / tokens, tokens, clsOnly: false }));
  }
  return shuffle(x.reshape(windows), window);
}

/** P3 to P5 [B, H, W, C]: the map twice as large, as it is, and half as large, each through 1 x 1 and 3 x 3 with layer norms. */
export function simplePyramid(layers: Layers, map: Tensor): Tensor[] {
  const [batch, height, width] = map.shape;
  const doubled = linear(map, layers.get("neck.simfp.0.double.weight"));
  const sizes = [shuffle(doubled.reshape([batch, height, width, doubled.cols]), 2), map, maxPool(map, { size: 2, stride: 2, padding: 0 })];
  return sizes.map((x, l) => {
    const name = `neck.simfp.${l}`;
    const norm = (y: Tensor, of: string) => layerNorm(y, layers.get(`${name}.${of}.weight`), layers.get(`${name}.${of}.bias`), EPS);
    return norm(layers.conv(norm(layers.conv(x, `${name}.conv1`), "norm1"), `${name}.conv2`), "norm2");
  });
}
