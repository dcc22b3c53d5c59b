/**
 * Reference forward pass of a detector in float64, for tests only: slow, obvious, written from the papers and mmdetection's
 * names without the app's own operations. One image at a time, but for batch norm, which takes tracked statistics.
 */
import type { ViTConfig } from "../vit/config";
import { attentionBranch, type Lookup, layerNorm, mlpBranch } from "../vit/reference";
import type { DetectorConfig } from "./config";
import type { PlainBackbone } from "./plain";

/** Weights by name, convolutions [O, kh, kw, I], in any precision. */
export type Weights64 = ReadonlyMap<string, { shape: readonly number[]; data: ArrayLike<number> }>;

/** A square map [side, side, channels]. */
export interface Map64 {
  side: number;
  channels: number;
  data: Float64Array;
}

export interface Detector64 {
  stages: Map64[];
  pyramid: Map64[];
  levels: { cls: Map64; box: Map64; centerness?: Map64 }[];
}

/**
 * Runs one image [S, S, 3]; `mask` [g, g] erases cells of what every convolution of the backbone reads. With `visible`, group norms
 * measure pixels of the other cells alone, but on maps of the head that are coarser than the mask.
 */
export function detectorForward64(
  config: DetectorConfig,
  weights: Weights64,
  image: ArrayLike<number>,
  mask?: ArrayLike<number>,
  visible = false,
): Detector64 {
  const net: Net = { config, weights, mask, visible };
  const pixels = { side: config.image, channels: 3, data: Float64Array.from(image) };
  const stages = config.plain ? [] : backbone(net, pixels).slice(1);
  const pyramid = config.plain ? plainPyramid(net, config.plain, pixels) : neck(net, stages);
  return { stages, pyramid, levels: pyramid.map((feature, l) => head(net, feature, l)) };
}

export interface Net {
  config: DetectorConfig;
  weights: Weights64;
  mask?: ArrayLike<number>;
  visible: boolean;
}

export function backbone(net: Net, image: Map64): Map64[] {
  let x = norm(net, "backbone.bn1", convolve(net, "backbone.conv1", erase(net, image), 2), true);
  x = maxPool(erase(net, x));
  const stages: Map64[] = [];
  for (const [stage, count] of net.config.blocks.entries()) {
    for (let i = 0; i < count; i++) x = block(net, `backbone.layer${stage + 1}.${i}`, x, stage > 0 && i === 0 ? 2 : 1);
    stages.push(erase(net, x));
  }
  return stages;
}

function block(net: Net, name: string, x: Map64, stride: number): Map64 {
  const bottleneck = net.config.block === "bottleneck";
  const strides = bottleneck ? [1, stride, 1] : [stride, 1];
  let y = x;
  for (const [i, s] of strides.entries()) {
    y = norm(net, `${name}.bn${i + 1}`, convolve(net, `${name}.conv${i + 1}`, erase(net, y), s), i < strides.length - 1);
  }
  const has = net.weights.has(`${name}.downsample.0.weight`);
  const passed = has ? norm(net, `${name}.downsample.1`, convolve(net, `${name}.downsample.0`, erase(net, x), stride), false) : x;
  return { ...y, data: y.data.map((v, i) => Math.max(0, v + passed.data[i])) };
}

function neck(net: Net, stages: Map64[]): Map64[] {
  const merged = stages.map((stage, l) => convolve(net, `neck.lateral_convs.${l}.conv`, stage, 1));
  for (let l = 1; l >= 0; l--) {
    const [to, from] = [merged[l], merged[l + 1]];
    each(to, (y, x, c) => {
      to.data[(y * to.side + x) * to.channels + c] += at(from, Math.floor(y / 2), Math.floor(x / 2), c);
    });
  }
  const outputs = merged.map((x, l) => convolve(net, `neck.fpn_convs.${l}.conv`, x, 1));
  return coarser64(net, outputs, stages[2]);
}

/** P3 to P5 and what is beyond; RetinaNet makes P6 of C5. */
function coarser64(net: Net, maps: Map64[], last: Map64): Map64[] {
  const { kind, levels } = net.config;
  const outputs = [...maps];
  for (let l = 3; l < levels; l++) {
    const below = outputs[l - 1];
    const input = l > 3 && kind === "fcos" ? { ...below, data: below.data.map((v) => Math.max(0, v)) } : below;
    outputs.push(convolve(net, `neck.fpn_convs.${l}.conv`, l === 3 && kind === "retinanet" ? last : input, 2));
  }
  return outputs;
}

/** ViTDet: tokens of 16 x 16 pixels, blocks that attend within windows or to all, and a pyramid of the last map. */
function plainPyramid(net: Net, plain: PlainBackbone, image: Map64): Map64[] {
  const { width, heads, depth, window, globals } = plain;
  const lookup: Lookup = (name) => (net.weights.has(name) ? Float64Array.from(get(net, name)) : undefined);
  const block: ViTConfig = {
    ...{ image: 0, patch: 16, channels: 3, classes: 0, width, depth, heads, headDim: width / heads, mlp: 4 * width },
    ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  };
  const side = image.side / 16;
  const tokens = Array.from({ length: side * side }, (_, cell) => token64(net, image, cell, side, width));
  const one = (x: Float64Array, i: number) => {
    attentionBranch(block, lookup, `backbone.blocks.${i}`, x, 1, plain.relative && distance64(net, `backbone.blocks.${i}.attn`));
    mlpBranch(block, lookup, `backbone.blocks.${i}`, x);
  };
  // Global blocks are the last of each of as many equal stretches: with depths that these divide, as in the paper.
  const cells = Math.sqrt(net.mask?.length ?? 1);
  const hidden = (cell: number) => {
    const [row, column] = [Math.floor(cell / side), cell % side].map((at) => Math.floor((at * cells) / side));
    return net.mask !== undefined && net.mask[row * cells + column] === 0;
  };
  const eraseTokens = () => {
    for (const [cell, token] of tokens.entries()) if (hidden(cell)) token.fill(0);
  };
  for (let i = 0; i < depth; i++) {
    eraseTokens();
    const whole = (i + 1) % (depth / globals) === 0;
    const groupOf = (cell: number) =>
      whole ? 0 : Math.floor(Math.floor(cell / side) / window) * side + Math.floor((cell % side) / window);
    for (const group of new Set(tokens.map((_, cell) => groupOf(cell)))) {
      const members = tokens.flatMap((_, cell) => (groupOf(cell) === group ? [cell] : []));
      const x = Float64Array.from(members.flatMap((cell) => [...tokens[cell]]));
      one(x, i);
      for (const [at, cell] of members.entries()) tokens[cell] = x.slice(at * width, (at + 1) * width);
    }
  }
  eraseTokens();
  const map: Map64 = { side, channels: width, data: Float64Array.from(tokens.flatMap((t) => [...t])) };
  const maps = [doubled(net, map), map, halved(map)].map((x, l) => {
    const norm = (y: Map64, name: string) => {
      const data = layerNorm(lookup, `neck.simfp.${l}.${name}`, y.data, { width: y.channels, eps: 1e-6 });
      return { ...y, data };
    };
    return norm(convolve(net, `neck.simfp.${l}.conv2`, norm(convolve(net, `neck.simfp.${l}.conv1`, x, 1), "norm1"), 1), "norm2");
  });
  return coarser64(net, maps, maps[2]);
}

/** What the distance of two tokens of a square, row by row, adds to a logit. */
function distance64(net: Net, attn: string): (query: Float64Array, i: number, j: number) => number {
  const [rows, columns] = ["rel_pos_h", "rel_pos_w"].map((name) => net.weights.get(`${attn}.${name}`)!);
  const side = (rows.shape[0] + 1) / 2;
  return (query, i, j) => {
    const down = Math.floor(i / side) - Math.floor(j / side) + side - 1;
    const across = (i % side) - (j % side) + side - 1;
    return query.reduce((sum, q, d) => sum + q * (rows.data[down * query.length + d] + columns.data[across * query.length + d]), 0);
  };
}

/** A patch's embedding and its fixed position. */
function token64(net: Net, image: Map64, cell: number, side: number, width: number): Float64Array {
  const [weight, bias] = [get(net, "backbone.patch_embed.proj.weight"), get(net, "backbone.patch_embed.proj.bias")];
  const [row, column] = [Math.floor(cell / side), cell % side];
  const quarter = width / 4;
  return Float64Array.from({ length: width }, (_, d) => {
    let sum = bias[d];
    for (let y = 0; y < 16; y++)
      for (let x = 0; x < 16; x++)
        for (let c = 0; c < 3; c++) sum += weight[((d * 16 + y) * 16 + x) * 3 + c] * at(image, 16 * row + y, 16 * column + x, c);
    const angle = (d < width / 2 ? row : column) / 10000 ** ((d % quarter) / quarter);
    return sum + (Math.floor(d / quarter) % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
  });
}

/** A transposed convolution of 2 x 2 with stride 2. */
export function doubled(net: Net, x: Map64, name = "neck.simfp.0.up", channels = x.channels / 2): Map64 {
  const weight = get(net, `${name}.weight`);
  const out: Map64 = { side: 2 * x.side, channels, data: new Float64Array(4 * x.side ** 2 * channels) };
  each(out, (y, z, c) => {
    const row = (2 * (y % 2) + (z % 2)) * channels + c;
    let sum = 0;
    for (let i = 0; i < x.channels; i++) sum += weight[row * x.channels + i] * at(x, y >> 1, z >> 1, i);
    out.data[(y * out.side + z) * channels + c] = sum;
  });
  return out;
}

function halved(x: Map64): Map64 {
  const out: Map64 = { side: x.side / 2, channels: x.channels, data: new Float64Array(x.data.length / 4) };
  each(out, (y, z, c) => {
    const four = [0, 1].flatMap((i) => [0, 1].map((j) => at(x, 2 * y + i, 2 * z + j, c)));
    out.data[(y * out.side + z) * out.channels + c] = Math.max(...four);
  });
  return out;
}

/** Names of the last layers: [classes, boxes, centerness, the branch centerness belongs to]. */
const LAST = {
  retinanet: ["retina_cls", "retina_reg"],
  fcos: ["conv_cls", "conv_reg", "conv_centerness", "cls"],
  atss: ["atss_cls", "atss_reg", "atss_centerness", "reg"],
  gfl: ["gfl_cls", "gfl_reg"],
};

function head(net: Net, feature: Map64, level: number) {
  const { kind } = net.config;
  const [classes, boxes, centerness, owner] = LAST[kind];
  const [cls, reg] = ["cls_convs", "reg_convs"].map((name) => branch(net, feature, name));
  const box = convolve(net, `bbox_head.${boxes}`, reg, 1);
  if (kind !== "retinanet") {
    const factor = get(net, `bbox_head.scales.${level}.scale`)[0];
    box.data = box.data.map((v) => factor * v);
  }
  return {
    cls: convolve(net, `bbox_head.${classes}`, cls, 1),
    box,
    ...(centerness && { centerness: convolve(net, `bbox_head.${centerness}`, owner === "cls" ? cls : reg, 1) }),
  };
}

function branch(net: Net, feature: Map64, name: string): Map64 {
  let x = feature;
  const finer = feature.side >= Math.sqrt(net.mask?.length ?? 1);
  for (let i = 0; i < net.config.stacked; i++) {
    x = convolve(net, `bbox_head.${name}.${i}.conv`, x, 1);
    if (net.config.kind === "retinanet") x = { ...x, data: x.data.map((v) => Math.max(0, v)) };
    else x = groupNorm(finer ? net : { ...net, visible: false }, `bbox_head.${name}.${i}.gn`, x, true);
  }
  return x;
}

/** Zero padding of (k - 1) / 2 all round. */
export function convolve(net: Net, name: string, x: Map64, stride: number): Map64 {
  const weight = net.weights.get(`${name}.weight`)!;
  const [outputs, kernel, , inputs] = weight.shape;
  const first = (o: number) => Math.floor((o * x.channels) / inputs / outputs) * inputs;
  const w = Float64Array.from(weight.data);
  const bias = net.weights.get(`${name}.bias`)?.data;
  const pad = (kernel - 1) / 2;
  const out = map(Math.floor((x.side - 1) / stride) + 1, outputs);
  each(out, (y, column, o) => {
    let sum = bias?.[o] ?? 0;
    for (let i = 0; i < kernel; i++)
      for (let j = 0; j < kernel; j++) {
        const [row, col] = [y * stride + i - pad, column * stride + j - pad];
        if (Math.min(row, col) < 0 || Math.max(row, col) >= x.side) continue;
        const [from, tap] = [(row * x.side + col) * x.channels + first(o), ((o * kernel + i) * kernel + j) * inputs];
        for (let c = 0; c < inputs; c++) sum += x.data[from + c] * w[tap + c];
      }
    out.data[(y * out.side + column) * outputs + o] = sum;
  });
  return out;
}

function norm(net: Net, name: string, x: Map64, rectify: boolean): Map64 {
  if (net.config.norm === "gn") return groupNorm(net, name, x, rectify);
  const [mean, variance] = [get(net, `${name}.running_mean`), get(net, `${name}.running_var`)];
  return affine(net, name, x, rectify, (c) => [mean[c], variance[c]]);
}

/** Groups of four channels, in wide layers 32 groups. */
export function groupNorm(net: Net, name: string, x: Map64, rectify: boolean): Map64 {
  const size = x.channels / Math.min(32, x.channels / 4);
  const counts = (i: number) => !net.visible || seen(net, x.side, Math.floor(i / x.channels)) === 1;
  const groups = Array.from({ length: x.channels / size }, (_, g) =>
    x.data.filter((_, i) => Math.floor((i % x.channels) / size) === g && counts(i)),
  );
  const moments = groups.map((values): [number, number] => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return [mean, values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length];
  });
  return affine(net, name, x, rectify, (c) => moments[Math.floor(c / size)]);
}

function affine(net: Net, name: string, x: Map64, rectify: boolean, moments: (c: number) => [mean: number, variance: number]): Map64 {
  const [gamma, beta] = [get(net, `${name}.weight`), get(net, `${name}.bias`)];
  const data = x.data.map((v, i) => {
    const c = i % x.channels;
    const [mean, variance] = moments(c);
    const y = ((v - mean) / Math.sqrt(variance + 1e-5)) * gamma[c] + beta[c];
    return rectify ? Math.max(0, y) : y;
  });
  return { ...x, data };
}

function maxPool(x: Map64): Map64 {
  const out = map(Math.floor((x.side - 1) / 2) + 1, x.channels);
  each(out, (y, column, c) => {
    let most = Number.NEGATIVE_INFINITY;
    for (let row = Math.max(0, 2 * y - 1); row <= Math.min(x.side - 1, 2 * y + 1); row++)
      for (let col = Math.max(0, 2 * column - 1); col <= Math.min(x.side - 1, 2 * column + 1); col++)
        most = Math.max(most, at(x, row, col, c));
    out.data[(y * out.side + column) * x.channels + c] = most;
  });
  return out;
}

export function erase(net: Net, x: Map64): Map64 {
  const out = map(x.side, x.channels);
  each(x, (y, column, c) => {
    out.data[(y * x.side + column) * x.channels + c] = seen(net, x.side, y * x.side + column) * at(x, y, column, c);
  });
  return out;
}

/** The mask at a pixel of a map: that of the nearest cell of its grid. */
export function seen({ mask }: Net, side: number, pixel: number): number {
  if (!mask) return 1;
  const grid = Math.sqrt(mask.length);
  const [row, column] = [Math.floor(pixel / side), pixel % side];
  return mask[Math.floor((row * grid) / side) * grid + Math.floor((column * grid) / side)];
}

export function map(side: number, channels: number): Map64 {
  return { side, channels, data: new Float64Array(side * side * channels) };
}

function at(x: Map64, row: number, column: number, c: number): number {
  return x.data[(row * x.side + column) * x.channels + c];
}

function each({ side, channels }: Map64, visit: (row: number, column: number, c: number) => void): void {
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) for (let c = 0; c < channels; c++) visit(y, x, c);
}

function get({ weights }: Net, name: string): ArrayLike<number> {
  return weights.get(name)!.data;
}
