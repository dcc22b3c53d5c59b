/**
 * The configuration of a one-stage detector: a ResNet, a feature pyramid (FPN) and one of four heads, at any depth and width;
 * the name and shape of every weight, and small presets.
 *
 * Names are those of torchvision (backbone) and mmdetection (neck, head); see names.ts for files. Convolutions are kept as
 * [O, kh, kw, I]. Letters: B batch, S image side, K classes, C pyramid channels, A anchors per cell, l pyramid level.
 *
 * Sources: He et al. 2016 (ResNet), Lin et al. 2017 (FPN; RetinaNet), Tian et al. 2019 (FCOS), Zhang et al. 2020 (ATSS),
 * Li et al. 2020 (GFL), in the forms of mmdetection.
 */
import { shown } from "../../engine/errors";
import { checkTensors, type Shapes, type Weights, WeightsError } from "../weights";
import { COARSEST_STRIDE, DETECTORS, type DetectorKind, stageChannels } from "./kinds";
import { type PlainBackbone, plainProblem, plainShapes, simplePyramidShapes } from "./plain";

export { DETECTORS, type DetectorKind, stageChannels };

export interface DetectorConfig {
  kind: DetectorKind;
  /** Side S of the square input in pixels; a multiple of 32. */
  image: number;
  /** Classes K; background is not one of them. */
  classes: number;
  block: "basic" | "bottleneck";
  /**
   * ResNeXt (Xie et al. 2017): groups of the 3 x 3 convolution of a bottleneck, and channels of each in the first stage, which double with every
   * stage; 32 and 4 in the published one. A plain ResNet has neither.
   */
  cardinality?: number;
  groupWidth?: number;
  /** Residual blocks of each of the four stages. */
  blocks: readonly [number, number, number, number];
  /** Channels of the stem; those of stage s are width * 2^s, fourfold with bottlenecks. */
  width: number;
  /** Side of the stem's kernel: 7, or 3 for small images. */
  stem: 3 | 7;
  /** ViTDet: a plain vision transformer and its simple pyramid. `block`, `blocks`, `width`, `stem` and `norm` then say nothing. */
  plain?: PlainBackbone;
  /** Channels C of the pyramid and the head. */
  channels: number;
  /** Convolutions of each branch of the head before the last one. */
  stacked: number;
  /** Pyramid levels from P3 on; those beyond P5 are convolutions of stride 2. */
  levels: number;
  /** Normalisation of the backbone. Heads other than RetinaNet's are group-normalised in any case. */
  norm: "gn" | "bn";
  /**
   * Side of an ATSS or GFL anchor in strides: 8 in the papers, 2 for images of 128 pixels. RetinaNet's smallest anchor is half of
   * it, and it ends an FCOS level's range. Teacher and student may differ.
   */
  anchor: number;
  /** Last of the GFL bins 0..regMax of a distance in strides: 16, or 7 for small images. */
  regMax: number;
}

/** Pixels between two cells of P3; every further level doubles it. */
const FIRST_STRIDE = 8;
/** Stages of the backbone the pyramid is built on: C3, C4, C5. */
export const LATERALS = 3;
/** RetinaNet: sizes 2^(0, 1/3, 2/3), ratios 1/2, 1, 2. */
const RETINANET_ANCHORS = 9;
/** Groups of GroupNorm (Wu and He 2018) in wide layers; narrow ones have four channels per group. */
const MOST_GROUPS = 32;

export function strides({ levels }: Pick<DetectorConfig, "levels">): number[] {
  return Array.from({ length: levels }, (_, l) => FIRST_STRIDE * 2 ** l);
}

/** Cells along a side of each pyramid level. */
export function sides(config: DetectorConfig): number[] {
  return strides(config).map((stride) => Math.ceil(config.image / stride));
}

/** Anchors A per cell. */
export function anchors({ kind }: DetectorConfig): number {
  return kind === "retinanet" ? RETINANET_ANCHORS : 1;
}

/** Priors H_l W_l A of each pyramid level. */
export function priorCounts(config: DetectorConfig): number[] {
  return sides(config).map((side) => side * side * anchors(config));
}

/** Numbers a head gives for the box of one prior: four, or a distribution for each side. */
export function boxOutputs({ kind, regMax }: DetectorConfig): number {
  return kind === "gfl" ? 4 * (regMax + 1) : 4;
}

/** Groups a layer of `channels` is normalised in. */
export function groups(channels: number): number {
  return Math.min(MOST_GROUPS, channels / 4);
}

/** One residual block: its convolutions in order, and the one of its shortcut where that is not the identity. */
export interface ResidualBlock {
  /** Prefix of its weights: "backbone.layer1.0". */
  name: string;
  stage: number;
  convs: { inputs: number; outputs: number; kernel: number; stride: number; groups?: number }[];
  shortcut: boolean;
}

/** The residual blocks of a backbone, in order. */
export function residualBlocks(config: DetectorConfig): ResidualBlock[] {
  const channels = stageChannels(config);
  let inputs = config.width;
  return config.blocks.flatMap((count, stage) =>
    Array.from({ length: count }, (_, i) => {
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const block = residualBlock(config, stage, inputs, channels[stage], stride);
      inputs = channels[stage];
      return { ...block, name: `backbone.layer${stage + 1}.${i}` };
    }),
  );
}

function residualBlock(config: DetectorConfig, stage: number, inputs: number, outputs: number, stride: number) {
  const { block, cardinality: groups } = config;
  const inner = innerWidth(config) * 2 ** stage;
  const shortcut = stride > 1 || inputs !== outputs;
  const basic = [
    { inputs, outputs, kernel: 3, stride },
    { inputs: outputs, outputs, kernel: 3, stride: 1 },
  ];
  const bottleneck = [
    { inputs, outputs: inner, kernel: 1, stride: 1 },
    { inputs: inner, outputs: inner, kernel: 3, stride, groups },
    { inputs: inner, outputs, kernel: 1, stride: 1 },
  ];
  return { stage, shortcut, convs: block === "basic" ? basic : bottleneck };
}

/** Channels between the convolutions of a first bottleneck. */
const innerWidth = ({ width, cardinality, groupWidth = 0 }: DetectorConfig): number => (cardinality ? cardinality * groupWidth : width);

/** Names of a head's last layers by what they give. */
export const OUTPUTS: Record<DetectorKind, { cls: string; box: string; centerness?: string }> = {
  retinanet: { cls: "bbox_head.retina_cls", box: "bbox_head.retina_reg" },
  fcos: { cls: "bbox_head.conv_cls", box: "bbox_head.conv_reg", centerness: "bbox_head.conv_centerness" },
  atss: { cls: "bbox_head.atss_cls", box: "bbox_head.atss_reg", centerness: "bbox_head.atss_centerness" },
  gfl: { cls: "bbox_head.gfl_cls", box: "bbox_head.gfl_reg" },
};

/** Every parameter name of a configuration with its shape. Throws as `checkDetector` does. */
export function detectorShapes(config: DetectorConfig): Map<string, number[]> {
  checkDetector(config);
  return new Map([...backboneShapes(config), ...neckShapes(config), ...headShapes(config)]);
}

/** Those of the backbone. */
export function backboneShapes(config: DetectorConfig): Shapes {
  if (config.plain) return plainShapes(config.plain, config.image);
  const { width, stem } = config;
  return [
    ...convShape("backbone.conv1", 3, width, stem, false),
    ...normShapes("backbone.bn1", width, config),
    ...residualBlocks(config).flatMap(({ name, convs, shortcut }) => [
      ...convs.flatMap(({ inputs, outputs, kernel, groups = 1 }, i) => [
        ...convShape(`${name}.conv${i + 1}`, inputs / groups, outputs, kernel, false),
        ...normShapes(`${name}.bn${i + 1}`, outputs, config),
      ]),
      ...(shortcut ? convShape(`${name}.downsample.0`, convs[0].inputs, convs[convs.length - 1].outputs, 1, false) : []),
      ...(shortcut ? normShapes(`${name}.downsample.1`, convs[convs.length - 1].outputs, config) : []),
    ]),
  ];
}

function neckShapes(config: DetectorConfig): Shapes {
  const { kind, levels, channels, plain } = config;
  const beyond = (from: number, inputs: (l: number) => number) =>
    Array.from({ length: levels - from }, (_, i) =>
      convShape(`neck.fpn_convs.${from + i}.conv`, inputs(from + i), channels, 3, true),
    ).flat();
  if (plain) return [...simplePyramidShapes(plain, channels), ...beyond(LATERALS, () => channels)];
  const stages = stageChannels(config).slice(-LATERALS);
  const inputs = (l: number) => (kind === "retinanet" && l === LATERALS ? stages[LATERALS - 1] : channels);
  return [...stages.flatMap((outputs, l) => convShape(`neck.lateral_convs.${l}.conv`, outputs, channels, 1, true)), ...beyond(0, inputs)];
}

function headShapes(config: DetectorConfig): Shapes {
  const { kind, channels, stacked, levels, classes } = config;
  const plain = kind === "retinanet";
  const branch = (name: string) =>
    Array.from({ length: stacked }, (_, i) => [
      ...convShape(`bbox_head.${name}.${i}.conv`, channels, channels, 3, plain),
      ...(plain ? [] : affineShapes(`bbox_head.${name}.${i}.gn`, channels)),
    ]).flat();
  const { cls, box, centerness } = OUTPUTS[kind];
  return [
    ...branch("cls_convs"),
    ...branch("reg_convs"),
    ...convShape(cls, channels, anchors(config) * classes, 3, true),
    ...convShape(box, channels, anchors(config) * boxOutputs(config), 3, true),
    ...(centerness ? convShape(centerness, channels, 1, 3, true) : []),
    ...Array.from({ length: plain ? 0 : levels }, (_, l): Shapes[number] => [`bbox_head.scales.${l}.scale`, [1]]),
  ];
}

function convShape(name: string, inputs: number, outputs: number, kernel: number, bias: boolean): Shapes {
  const weight: Shapes = [[`${name}.weight`, [outputs, kernel, kernel, inputs]]];
  return bias ? [...weight, [`${name}.bias`, [outputs]]] : weight;
}

function affineShapes(name: string, channels: number): Shapes {
  return ["weight", "bias"].map((part) => [`${name}.${part}`, [channels]]);
}

function normShapes(name: string, channels: number, { norm }: DetectorConfig): Shapes {
  const running: Shapes = ["running_mean", "running_var"].map((part) => [`${name}.${part}`, [channels]]);
  return norm === "bn" ? [...affineShapes(name, channels), ...running] : affineShapes(name, channels);
}

/** No real configuration has larger numbers than these; a file with them would only take time and memory. */
const [MOST_LAYERS, LARGEST_SIZE] = [1000, 1e6];

/** Throws a WeightsError naming the first dimension that is not possible. `name` says whose configuration it is. */
export function checkDetector(config: DetectorConfig, name = "detector"): void {
  const refuse = (what: string, remedy: string): never => {
    throw new WeightsError(`${name}: ${what}.`, remedy);
  };
  const whole = (key: string, value: number, least: number, most: number) => {
    if (Number.isSafeInteger(value) && value >= least && value <= most) return;
    refuse(`${key} is ${shown(value)}`, `It has to be a whole number from ${least} to ${most}.`);
  };
  const choice = (key: string, value: unknown, choices: readonly unknown[]) => {
    if (!choices.includes(value)) refuse(`${key} is ${shown(value)}`, `It has to be one of ${choices.join(", ")}.`);
  };
  choice("kind", config.kind, DETECTORS);
  choice("block", config.block, ["basic", "bottleneck"]);
  choice("norm", config.norm, ["gn", "bn"]);
  choice("stem", config.stem, [3, 7]);
  choice("the number of stages", Array.isArray(config.blocks) ? config.blocks.length : undefined, [4]);
  for (const count of config.blocks) whole("the number of blocks of a stage", count, 1, MOST_LAYERS);
  for (const key of ["image", "classes", "width", "channels", "levels", "regMax"] as const) whole(key, config[key], 1, LARGEST_SIZE);
  whole("stacked", config.stacked, 0, MOST_LAYERS);
  choice("levels", config.levels, [3, 4, 5]);
  if (!(Number.isFinite(config.anchor) && config.anchor > 0))
    refuse(`anchor is ${shown(config.anchor)}`, "It has to be positive, usually 8 or 4.");
  if (config.image % COARSEST_STRIDE !== 0)
    refuse(`image is ${config.image}`, `It has to be a multiple of ${COARSEST_STRIDE}, the stride of C5.`);
  const problem = config.plain && plainProblem(config.plain, config.image);
  if (problem) refuse(...problem);
  if (config.cardinality !== undefined) {
    whole("cardinality", config.cardinality, 2, LARGEST_SIZE);
    choice("block", config.block, ["bottleneck"]);
    if (!config.groupWidth || config.groupWidth % 4 !== 0)
      refuse(`groupWidth is ${config.groupWidth}`, "Channels of a group come by fours.");
  }
  for (const [key, channels] of [
    ["width", config.width],
    ["cardinality x groupWidth", innerWidth(config)],
    ["channels", config.channels],
  ] as const)
    if (!Number.isInteger(groups(channels)) || channels % groups(channels) !== 0)
      refuse(`${key} is ${channels}`, "It has to be a multiple of 4, from 128 on of 32, to be normalised in groups.");
}

/** Throws a WeightsError unless `weights` holds exactly the tensors of `config`, each of the right shape and all finite. */
export function checkDetectorWeights(config: DetectorConfig, weights: Weights, name = "weights"): void {
  checkTensors(detectorShapes(config), weights, name, "Use a detector of the same kind and size, or correct the configuration.");
}

/** Sizes for small images that a software adapter trains too: a student, and a teacher wider and twice as deep. */
const SIZES = {
  student: { blocks: [1, 1, 1, 1], width: 12, channels: 24, stacked: 1 },
  teacher: { blocks: [2, 2, 2, 2], width: 16, channels: 32, stacked: 2 },
} as const;

/** A detector for images of 128 pixels (64 work as well): strides 8, 16 and 32, group norms, anchors and ranges halved. */
export function smallDetector(kind: DetectorKind, size: keyof typeof SIZES, classes: number, image = 128): DetectorConfig {
  return { kind, image, classes, block: "basic", stem: 3, levels: 3, norm: "gn", anchor: 4, regMax: 7, ...SIZES[size] };
}
