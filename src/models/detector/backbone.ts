/** ResNet (He et al. 2016) with basic or bottleneck blocks, the stride of a bottleneck in its 3 x 3 convolution as torchvision has it. */
import type { Tensor } from "../../engine/graph";
import { add } from "../../ops/maps";
import { maxPool } from "../../ops/pool";
import { type DetectorConfig, LATERALS, type ResidualBlock, residualBlocks } from "./config";
import type { Layers } from "./layers";

/** C3, C4 and C5 (strides 8, 16, 32) of images [B, S, S, 3]. */
export const backbone = (layers: Layers, config: DetectorConfig, images: Tensor): Tensor[] =>
  stages(layers, config, images)
    .slice(-LATERALS)
    .map((stage) => layers.visible(stage));

/** C2 to C5, erased cells as they come. */
export function stages(layers: Layers, config: DetectorConfig, images: Tensor): Tensor[] {
  const stem = layers.norm(layers.conv(layers.visible(images), "backbone.conv1", { stride: 2 }), "backbone.bn1", true);
  let x = maxPool(layers.visible(stem));
  const maps: Tensor[] = [];
  for (const block of residualBlocks(config)) {
    x = residual(layers, block, x);
    maps[block.stage] = x;
  }
  return maps;
}

/** relu(norm(conv(... relu(norm(conv(x))))) + shortcut(x)). */
function residual(layers: Layers, { name, convs, shortcut }: ResidualBlock, x: Tensor): Tensor {
  const input = layers.visible(x);
  let y = input;
  for (const [i, { stride }] of convs.entries()) {
    const last = i === convs.length - 1;
    y = layers.norm(layers.conv(i === 0 ? y : layers.visible(y), `${name}.conv${i + 1}`, { stride }), `${name}.bn${i + 1}`, !last);
  }
  if (!shortcut) return add(y, x, { relu: true });
  const stride = convs.reduce((product, conv) => product * conv.stride, 1);
  const projected = layers.norm(layers.conv(input, `${name}.downsample.0`, { stride }), `${name}.downsample.1`);
  return add(y, projected, { relu: true });
}
