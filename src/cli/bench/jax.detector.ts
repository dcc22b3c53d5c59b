/**
 * A detector in jax-js, in the layout it likes, NCHW; weights as PyTorch has them. What a head says is laid out over the
 * priors of all levels together, [B, P, ..], as one writes it in JAX.
 *
 * jax-js counts references: a function eats its arguments but for the parameters, which the caller keeps.
 */
import { lax, nn, numpy as np } from "@jax-js/jax";
import { anchors, boxOutputs, type DetectorConfig, groups, LATERALS, OUTPUTS, residualBlocks } from "../../models/detector/config";

type Arr = np.Array;
export type Params = Record<string, Arr>;

export interface Answers {
  /** [B, P, K]. */
  cls: Arr;
  /** [B, P, 4 or 4 x bins]. */
  box: Arr;
  /** [B, P, 1]. */
  centerness?: Arr;
}

/** What the detector says of images [B, 3, S, S]. Group norms only. */
export function network(p: Params, config: DetectorConfig, images: Arr): Answers {
  const pyramid = neck(p, config, backbone(p, config, images));
  const levels = pyramid.map((feature, l) => head(p, config, feature, l));
  const joined = (part: keyof Answers) =>
    np.concatenate(
      levels.map((level) => level[part]!),
      1,
    );
  return { cls: joined("cls"), box: joined("box"), ...(levels[0]!.centerness && { centerness: joined("centerness") }) };
}

function backbone(p: Params, config: DetectorConfig, images: Arr): Arr[] {
  let x = maxPool(nn.relu(groupNorm(p, "backbone.bn1", conv(p, "backbone.conv1", images, 2))));
  const stages: Arr[] = [];
  for (const { name, stage, convs, shortcut } of residualBlocks(config)) {
    let y = x.ref;
    for (const [i, { stride }] of convs.entries()) {
      y = groupNorm(p, `${name}.bn${i + 1}`, conv(p, `${name}.conv${i + 1}`, y, stride));
      if (i < convs.length - 1) y = nn.relu(y);
    }
    const stride = convs.reduce((product, c) => product * c.stride, 1);
    x = nn.relu(y.add(shortcut ? groupNorm(p, `${name}.downsample.1`, conv(p, `${name}.downsample.0`, x, stride)) : x));
    stages[stage]?.dispose();
    stages[stage] = x.ref;
  }
  x.dispose();
  const [unused, ...used] = stages;
  unused!.dispose();
  return used;
}

function neck(p: Params, { kind, levels }: DetectorConfig, stages: Arr[]): Arr[] {
  const last = stages[LATERALS - 1]!.ref;
  const merged = stages.map((stage, l) => conv(p, `neck.lateral_convs.${l}.conv`, stage));
  for (let l = LATERALS - 2; l >= 0; l--) merged[l] = merged[l]!.add(doubled(merged[l + 1]!.ref));
  const outputs = merged.map((x, l) => conv(p, `neck.fpn_convs.${l}.conv`, x));
  for (let l = LATERALS; l < levels; l++) {
    const below = l === LATERALS && kind === "retinanet" ? last.ref : outputs[l - 1]!.ref;
    outputs.push(conv(p, `neck.fpn_convs.${l}.conv`, l > LATERALS && kind === "fcos" ? nn.relu(below) : below, 2));
  }
  last.dispose();
  return outputs;
}

function head(p: Params, config: DetectorConfig, feature: Arr, level: number): Answers {
  const { kind, classes } = config;
  const names = OUTPUTS[kind];
  const [cls, reg] = ["cls_convs", "reg_convs"].map((name) => branch(p, config, feature.ref, name)) as [Arr, Arr];
  feature.dispose();
  const owner = kind === "fcos" ? cls : reg;
  const centerness = names.centerness && perPrior(conv(p, names.centerness, owner.ref), 1, 1);
  let box = conv(p, names.box, reg);
  if (kind !== "retinanet") box = box.mul(p[`bbox_head.scales.${level}.scale`]!.ref);
  return {
    cls: perPrior(conv(p, names.cls, cls), anchors(config), classes),
    box: perPrior(box, anchors(config), boxOutputs(config)),
    ...(centerness && { centerness }),
  };
}

function branch(p: Params, { kind, stacked }: DetectorConfig, x: Arr, name: string): Arr {
  for (let i = 0; i < stacked; i++) {
    const y = conv(p, `bbox_head.${name}.${i}.conv`, x);
    x = nn.relu(kind === "retinanet" ? y : groupNorm(p, `bbox_head.${name}.${i}.gn`, y));
  }
  return x;
}

/** [B, A each, H, W] -> [B, H W A, each]. */
function perPrior(x: Arr, count: number, each: number): Arr {
  const [batch, , height, width] = x.shape as [number, number, number, number];
  return x
    .reshape([batch, count, each, height, width])
    .transpose([0, 3, 4, 1, 2])
    .reshape([batch, height * width * count, each]);
}

/** With zero padding that keeps the size at stride 1. */
function conv(p: Params, name: string, x: Arr, stride = 1): Arr {
  const weight = p[`${name}.weight`]!;
  const padding = (weight.shape[2]! - 1) / 2;
  const y = lax.convGeneralDilated(
    x,
    weight.ref,
    [stride, stride],
    [
      [padding, padding],
      [padding, padding],
    ],
  );
  const bias = p[`${name}.bias`];
  return bias ? y.add(perChannel(bias)) : y;
}

function groupNorm(p: Params, name: string, x: Arr): Arr {
  const [batch, channels] = x.shape as [number, number];
  const grouped = x.reshape([batch, groups(channels), -1]);
  const centred = grouped.ref.sub(grouped.mean(2, { keepdims: true }));
  const variance = np.square(centred.ref).mean(2, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(1e-5)))
    .reshape(x.shape)
    .mul(perChannel(p[`${name}.weight`]!))
    .add(perChannel(p[`${name}.bias`]!));
}

function perChannel(parameter: Arr): Arr {
  return parameter.ref.reshape([1, -1, 1, 1]);
}

/** 3 x 3 every other pixel; x is not negative, so zeros round it never win. */
function maxPool(x: Arr): Arr {
  return lax.reduceWindow(
    np.pad(x, [
      [0, 0],
      [0, 0],
      [1, 1],
      [1, 1],
    ]),
    np.max as (x: Arr) => Arr,
    [3, 3],
    [2, 2],
  );
}

/** Nearest, twice as large. */
function doubled(x: Arr): Arr {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const spread = np.broadcastTo(x.reshape([batch, channels, height, 1, width, 1]), [batch, channels, height, 2, width, 2]);
  return spread.reshape([batch, channels, 2 * height, 2 * width]);
}
