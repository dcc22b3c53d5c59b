/**
 * A detector as an ONNX file: what `detector` and `decode` make of one whole image, in the operators of ONNX, from pixels before
 * normalisation to boxes without doubles. Weights keep the names and shapes that files have (names.ts).
 */

import { placeOf, type TokenGrid } from "../../ops/relative";
import { sinePositions } from "../mae";
import { OnnxGraph } from "../onnx";
import { Writer as VitWriter } from "../vit/onnxGraph";
import type { Weights } from "../weights";
import { type DetectorConfig, groups, LATERALS, OUTPUTS, type ResidualBlock, residualBlocks } from "./config";
import { toTorch, transposed } from "./names";
import { detections } from "./onnxBoxes";
import { attended, blockConfig, PATCH, EPS as PLAIN_EPS, type PlainBackbone } from "./plain";

/** Mean and deviation of each channel. */
interface Normalised {
  mean: number[];
  std: number[];
}

/** Added to variances, as the engine's normalisations do. */
const EPS = 1e-5;

/**
 * The file. Its input `images` is [1, 3, S, S] in the unit of `moments` (pixels from 0 to 1). Its outputs are what is found, best first:
 * `boxes` [found, 4], x1 y1 x2 y2 in pixels, `scores` [found] and `labels` [found], numbers of classes.
 */
export function detectorOnnx(
  config: DetectorConfig,
  weights: Weights,
  moments: Normalised,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const graph = new OnnxGraph();
  const writer = new Writer(graph, config, toTorch(weights));
  const levels = writer.pyramid(writer.normalised(moments)).map((map, l) => writer.head(map, l));
  const found = detections(graph, config, levels);
  const outputs = [
    { name: found.boxes, shape: ["found", 4] },
    { name: found.scores, shape: ["found"] },
    { name: found.labels, shape: ["found"], whole: true },
  ];
  return graph.file(config.kind, { name: "images", shape: [1, 3, config.image, config.image] }, outputs, metadata);
}

/** Maps are [1, C, H, W] here, as ONNX has them. */
class Writer {
  constructor(
    private readonly graph: OnnxGraph,
    private readonly config: DetectorConfig,
    private readonly weights: Weights,
  ) {}

  normalised({ mean, std }: Normalised): string {
    const each = (name: string, values: number[]) => this.graph.weights(name, [values.length, 1, 1], Float32Array.from(values));
    return this.graph.node("Div", [this.graph.node("Sub", ["images", each("mean", mean)]), each("std", std)]);
  }

  /** P3, P4, ... of images. */
  pyramid(images: string): string[] {
    const { plain } = this.config;
    if (!plain) {
      const stages = this.stages(images);
      return this.withCoarser(this.neck(stages), stages[LATERALS - 1]);
    }
    const maps = this.simple(this.plainMap(plain, images));
    return this.withCoarser(maps, maps[LATERALS - 1]);
  }

  /** ViTDet's last map. Tokens lie in the order of windows between, as in vitdet.ts. */
  private plainMap(plain: PlainBackbone, images: string): string {
    const { width, window } = plain;
    const side = this.config.image / PATCH;
    const across = side / window;
    const inputs = [images, this.weight("backbone.patch_embed.proj.weight"), this.weight("backbone.patch_embed.proj.bias")];
    const map = this.graph.node("Conv", inputs, { strides: [PATCH, PATCH] });
    const cut = this.shaped(this.graph.node("Add", [map, this.places(side, width)]), [1, width, across, window, across, window]);
    let x = this.shaped(this.turned(cut, [0, 2, 4, 3, 5, 1]), [1, -1, width]);
    const blocks = new VitWriter(
      this.graph,
      { image: 0, patch: PATCH, channels: 3, classes: 0, depth: 0, ...blockConfig(plain) },
      this.weights,
    );
    for (let i = 0; i < plain.depth; i++) {
      const reach = attended(i, plain, this.config.image);
      const name = `backbone.blocks.${i}`;
      const more = plain.relative ? (q: string) => this.distances(q, name, { side: reach, window }) : undefined;
      x = blocks.block(this.shaped(x, [-1, reach ** 2, width]), name, more);
    }
    const windows = this.turned(this.shaped(x, [1, across, across, window, window, width]), [0, 5, 1, 3, 2, 4]);
    return this.shaped(windows, [1, width, side, side]);
  }

  /** What distances add to the scores of queries [batch, heads, n, d]: products with those of every row and column, handed on to the keys there. */
  private distances(queries: string, block: string, grid: TokenGrid): string {
    const tables = ["rel_pos_h", "rel_pos_w"].map((name) => this.weights.get(`${block}.attn.${name}`)!);
    const { side } = grid;
    const [n, dim] = [side ** 2, tables[0].shape[1]];
    const [reach, keys] = [new Float32Array(n * dim * 2 * side), new Float32Array(2 * side * n)];
    for (let t = 0; t < n; t++)
      for (const [axis, at] of placeOf(t, grid).entries()) {
        keys[(axis * side + at) * n + t] = 1;
        for (let j = 0; j < side; j++)
          for (let d = 0; d < dim; d++)
            reach[(t * dim + d) * 2 * side + axis * side + j] = tables[axis].data[(at - j + side - 1) * dim + d];
      }
    const each = this.graph.node("Unsqueeze", [queries, this.graph.whole([3])]);
    const found = this.graph.node("MatMul", [each, this.graph.weights(`${block} distances`, [n, dim, 2 * side], reach)]);
    const flat = this.graph.node("Squeeze", [found, this.graph.whole([3])]);
    return this.graph.node("MatMul", [flat, this.graph.weights(`${block} keys`, [2 * side, n], keys)]);
  }

  /** Fixed positions [width, side, side]. */
  private places(side: number, width: number): string {
    return this.graph.weights("positions", [width, side, side], transposed(sinePositions(side, side, width), 1, side ** 2, width));
  }

  /** P3 to P5 of ViTDet's map. */
  private simple(map: string): string[] {
    const double = this.weights.get("neck.simfp.0.up.weight")!;
    // A product gives a pixel's four, row by row, as `DepthToSpace` wants them: a convolution of 1 x 1.
    const spread = this.graph.weights("double", [...double.shape, 1, 1], double.data);
    const large = this.graph.node("DepthToSpace", [this.graph.node("Conv", [map, spread])], { blocksize: 2, mode: "DCR" });
    const small = this.graph.node("MaxPool", [map], { kernel_shape: [2, 2], strides: [2, 2] });
    return [large, map, small].map((x, l) => {
      const name = `neck.simfp.${l}`;
      return this.pixelNorm(this.conv(this.pixelNorm(this.conv(x, `${name}.conv1`), `${name}.norm1`), `${name}.conv2`), `${name}.norm2`);
    });
  }

  /** Each pixel normalised over its channels. */
  private pixelNorm(map: string, layer: string): string {
    const [scale, bias] = [this.weight(`${layer}.weight`), this.weight(`${layer}.bias`)];
    const normed = this.graph.node("LayerNormalization", [this.turned(map, [0, 2, 3, 1]), scale, bias], {
      axis: -1,
      epsilon: { f: PLAIN_EPS },
    });
    return this.turned(normed, [0, 3, 1, 2]);
  }

  /** C3 to C5. */
  private stages(images: string): string[] {
    const stem = this.relu(this.norm(this.conv(images, "backbone.conv1", { stride: 2 }), "backbone.bn1"));
    let x = this.graph.node("MaxPool", [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
    const stages: string[] = [];
    for (const block of residualBlocks(this.config)) {
      x = this.residual(block, x);
      stages[block.stage] = x;
    }
    return stages.slice(-LATERALS);
  }

  private residual({ name, convs, shortcut }: ResidualBlock, x: string): string {
    let y = x;
    for (const [i, { stride, groups: group }] of convs.entries()) {
      const normed = this.norm(this.conv(y, `${name}.conv${i + 1}`, { stride, group }), `${name}.bn${i + 1}`);
      y = i === convs.length - 1 ? normed : this.relu(normed);
    }
    const stride = convs.reduce((product, conv) => product * conv.stride, 1);
    const around = shortcut ? this.norm(this.conv(x, `${name}.downsample.0`, { stride }), `${name}.downsample.1`) : x;
    return this.relu(this.graph.node("Add", [y, around]));
  }

  /** P3 to P5 of C3 to C5. */
  private neck(stages: string[]): string[] {
    const merged: string[] = [];
    for (let l = LATERALS - 1; l >= 0; l--) {
      const lateral = this.conv(stages[l], `neck.lateral_convs.${l}.conv`);
      merged[l] = merged[l + 1] ? this.graph.node("Add", [lateral, this.doubled(merged[l + 1])]) : lateral;
    }
    return merged.map((x, l) => this.conv(x, `neck.fpn_convs.${l}.conv`));
  }

  private withCoarser(maps: string[], last: string): string[] {
    const { levels, kind } = this.config;
    for (let l = LATERALS; l < levels; l++) {
      const first = l === LATERALS;
      const below = first && kind === "retinanet" ? last : maps[l - 1];
      maps.push(this.conv(!first && kind === "fcos" ? this.relu(below) : below, `neck.fpn_convs.${l}.conv`, { stride: 2 }));
    }
    return maps;
  }

  /** Raw answers of a level, a row for each prior: cls [1, n, K], box [1, n, 4 or bins], centerness [1, n, 1]. */
  head(map: string, level: number) {
    const { kind, classes } = this.config;
    const names = OUTPUTS[kind];
    const [cls, reg] = ["cls_convs", "reg_convs"].map((branch) => this.branch(map, branch));
    const raw = this.conv(reg, names.box);
    const box = kind === "retinanet" ? raw : this.graph.node("Mul", [raw, this.weight(`bbox_head.scales.${level}.scale`)]);
    const { centerness } = names;
    const sides = kind === "gfl" ? 4 * (this.config.regMax + 1) : 4;
    return {
      cls: this.rows(this.conv(cls, names.cls), classes),
      box: this.rows(box, sides),
      centerness: centerness && this.rows(this.conv(kind === "fcos" ? cls : reg, centerness), 1),
    };
  }

  private branch(map: string, name: string): string {
    let x = map;
    for (let i = 0; i < this.config.stacked; i++) {
      const layer = `bbox_head.${name}.${i}`;
      const y = this.conv(x, `${layer}.conv`);
      x = this.relu(this.config.kind === "retinanet" ? y : this.groupNorm(y, `${layer}.gn`));
    }
    return x;
  }

  private rows(map: string, cols: number): string {
    return this.shaped(this.turned(map, [0, 2, 3, 1]), [1, -1, cols]);
  }

  private turned(x: string, perm: number[]): string {
    return this.graph.node("Transpose", [x], { perm });
  }

  private shaped(x: string, shape: number[]): string {
    return this.graph.node("Reshape", [x, this.graph.whole(shape)]);
  }

  /** A map of twice the sides, each pixel four times. */
  private doubled(map: string): string {
    const scales = this.graph.weights("doubled", [4], Float32Array.of(1, 1, 2, 2));
    const nearest = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
    return this.graph.node("Resize", [map, "", scales], nearest);
  }

  private conv(x: string, layer: string, { stride = 1, group = 1 } = {}): string {
    const name = `${layer}.weight`;
    const padding = (this.weights.get(name)!.shape[2] - 1) / 2;
    const inputs = [x, this.weight(name), ...(this.weights.has(`${layer}.bias`) ? [this.weight(`${layer}.bias`)] : [])];
    return this.graph.node("Conv", inputs, { strides: [stride, stride], pads: Array(4).fill(padding), group });
  }

  private norm(x: string, layer: string): string {
    if (this.config.norm === "gn") return this.groupNorm(x, layer);
    const parts = ["weight", "bias", "running_mean", "running_var"].map((part) => this.weight(`${layer}.${part}`));
    return this.graph.node("BatchNormalization", [x, ...parts], { epsilon: { f: EPS } });
  }

  /** Groups as channels of their own, normalised, and back: this version of ONNX has no other. */
  private groupNorm(x: string, layer: string): string {
    const [channels] = this.weights.get(`${layer}.weight`)!.shape;
    const count = groups(channels);
    const all = (value: number) => this.graph.weights(`${value}x${count}`, [count], new Float32Array(count).fill(value));
    const apart = this.graph.node("Reshape", [x, this.graph.whole([1, count, -1])]);
    const normed = this.graph.node("InstanceNormalization", [apart, all(1), all(0)], { epsilon: { f: EPS } });
    const whole = this.graph.node("Reshape", [normed, this.graph.node("Shape", [x])]);
    const each = (part: string) => {
      const name = `${layer}.${part}`;
      return this.graph.weights(name, [channels, 1, 1], this.weights.get(name)!.data);
    };
    return this.graph.node("Add", [this.graph.node("Mul", [whole, each("weight")]), each("bias")]);
  }

  private relu(x: string): string {
    return this.graph.node("Relu", [x]);
  }

  private weight(name: string): string {
    const { shape, data } = this.weights.get(name)!;
    return this.graph.weights(name, shape, data);
  }
}
