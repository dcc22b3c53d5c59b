/**
 * Dual masking, Eq. 1 to 8 of SAMKD: where the teacher attends, in space and among channels, the student's features are erased
 * and have to be regenerated. With a pyramid of regions this is SAMKD's SFD, with one region DMKD.
 */
import type { Live, Tensor } from "../../engine/graph";
import type { Bound } from "../../models/params";
import { errorLoss, mix, type Shares } from "../../ops/features";
import { linear } from "../../ops/linear";
import type { Loss } from "../../ops/losses";
import {
  channelAttention,
  closeSeams,
  erase,
  eraseMask,
  openSeams,
  type Phi,
  type Sides,
  spatialAttention,
  usable,
} from "../../ops/regions";
import { choice, number } from "../../settings/setting";
import type { View, ViewSpec } from "../method";
import { generate, generator } from "./generator";
import { switches } from "./knobs";
import { forLevels, type Pair, type Reduction, total } from "./levels";
import type { Dimensions } from "./method";
import { layer, type Modules } from "./modules";
import { erased, FEATURES, reconstruction, regenerationError } from "./views";

/** Knobs of the masks, Eq. 1 to 4. */
export const maskKnobs = {
  ...switches,
  omegaS: number({
    label: "Spatial threshold ωˢ",
    help: "Pixels whose spatial attention reaches it are erased. 1 is the average of a region.",
    ...{ default: 0.95, min: 0.5, max: 2, when: "live", group: "mask", essential: true },
  }),
  omegaC: number({
    label: "Channel threshold ωᶜ",
    help: "Channels whose attention reaches it are erased. At 0.5 those with a positive mean.",
    ...{ default: 0.5, min: 0, max: 1, when: "live", group: "mask", essential: true },
  }),
  tau: number({
    label: "Attention temperature τ",
    help: "Small values drive attention towards its extremes. The paper does not give it; 0.5 is FGD's.",
    ...{ default: 0.5, min: 0.05, max: 5, log: true, when: "live", group: "mask" },
  }),
  unit: choice({
    label: "Unit of τ",
    help: "Our reading. relative: squared features are measured against their mean in the image, so that the sigmoid of Eq. 1 tells pixels apart whatever the teacher's scale. absolute: as Eq. 1 stands; a teacher with strong features then has almost all of them erased.",
    ...{ default: "relative", options: ["relative", "absolute"], when: "live", records: true, group: "mask" },
  }),
  phi: choice({
    label: "Reading of φ",
    help: "Eq. 1 leaves φ open. mean: scaled to average 1 in each region. identity: nothing. softmax: FGD's attention, n softmax(mean |F| / τ).",
    ...{ default: "mean", options: ["mean", "identity", "softmax"], when: "live", records: true, group: "mask" },
  }),
};

export interface DualMasking {
  masking: "on" | "off";
  blocks: "on" | "off";
  omegaS: number | Live;
  omegaC: number | Live;
  tau: number | Live;
  phi: Phi;
  unit: "relative" | "absolute";
  /** Cells per side of the pyramid's levels. */
  sides: Sides;
  /** lambda and mu of Eq. 7. */
  shares: Shares;
  reduction: Reduction;
  /** Regions are cut out, zeros beyond their borders, instead of convolved in their place. */
  cropped?: boolean;
  /** theta for every pyramid level instead of one for all. */
  separate?: boolean;
}

/** theta_s (conv3x3, ReLU, conv3x3) and theta_c (a perceptron over channels) of every FPN level. */
export function dualModules(teacher: Dimensions, sides: Sides, separate: boolean): Modules {
  const c = teacher.channels;
  const names = separate ? sides.map((side) => `.${side}`) : [""];
  const perceptron = (name: string) => ({ ...layer(`${name}.0`, c, c), ...layer(`${name}.2`, c, c) });
  const both = (name: string) => ({ ...generator(`theta_s.${name}`, c), ...perceptron(`theta_c.${name}`) });
  return forLevels(teacher, (l) => Object.assign({}, ...names.map((n) => both(`${l}${n}`))));
}

/** What of the features is erased and regenerated, on every level of the feature pyramid and of regions. */
export const MASK_VIEWS = {
  attention: { kind: "heat", label: "Teacher attends to", note: "within each region", unit: "attention", axes: ["level", "regions"] },
  mask: erased("level", "regions"),
  ...FEATURES,
  reconstruction: reconstruction("level", "regions"),
  error: regenerationError("mask", "level", "regions"),
} as const satisfies Record<string, ViewSpec>;

/** The same of the channels in each region, [B, R, C]. */
export const CHANNEL_VIEWS = {
  channelAttention: {
    ...{ kind: "channels", label: "Channel attention", note: "Channels that reach ωᶜ are erased.", unit: "attention" },
    ...{ axes: ["level", "regions"], threshold: "omegaC", mask: "channelMask" },
  },
  channelMask: { kind: "channelMask", label: "Channels", axes: ["level", "regions"], accumulate: "erased" },
} as const satisfies Record<string, ViewSpec>;

/** L_feat of one FPN level, and its MASK_VIEWS and CHANNEL_VIEWS. Nothing where the map is too small for any region. */
export function dualMasking(pair: Pair, modules: Bound, options: DualMasking): { loss?: Loss; views: View[] } {
  const { level, student, teacher } = pair;
  const sides = usable(options.sides, teacher.shape.slice(1, 3));
  if (sides.length === 0) return { views: [] };
  const groups = options.separate ? sides.map((side) => [side]) : [sides];
  const scale = options.reduction === "literal" ? 1 / teacher.shape[0] : 1 / (sides.length * teacher.size);
  const parts = groups.map((group) => {
    const masks = masksOf(teacher, group, options);
    const rebuilt = reconstruct(student, masks, modules, `${level}${options.separate ? `.${group[0]}` : ""}`, group, options);
    const loss = errorLoss(rebuilt, teacher, { scale });
    const error = loss.rows.reshape(masks.space.shape);
    const stacks = { attention: masks.space, mask: masks.spaceMask, reconstruction: rebuilt.detach(), error };
    const views = Object.entries(stacks).flatMap(([view, stack]) => byRegions(view, level, stack, group));
    return { views, loss };
  });
  const views = [...parts.flatMap(({ views }) => views), ...sides.flatMap((side) => channelViews(pair, side, options))];
  return { loss: total(parts.map(({ loss }) => loss)), views };
}

/** Eq. 1 to 4. */
function masksOf(teacher: Tensor, sides: Sides, options: DualMasking) {
  const { tau, phi, unit } = options;
  const { omegaS, omegaC } = thresholds(options);
  const space = spatialAttention(teacher, sides, { tau, phi, relative: unit === "relative" });
  const channels = channelAttention(teacher, sides, tau);
  return { space, channels, spaceMask: eraseMask(space, omegaS), channelMask: eraseMask(channels, omegaC) };
}

/** More than any attention. */
export const NEVER = 1e30;

function thresholds({ masking, omegaS, omegaC }: DualMasking) {
  return masking === "on" ? { omegaS, omegaC } : { omegaS: NEVER, omegaC: NEVER };
}

/** Eq. 5 to 7: F_recon [Y, B, H, W, C]. */
function reconstruct(x: Tensor, masks: ReturnType<typeof masksOf>, modules: Bound, name: string, sides: Sides, o: DualMasking): Tensor {
  const [inSpace, amongChannels] = [masks.spaceMask, masks.channelMask].map((mask) => erase(x, mask, sides));
  if (o.blocks === "off") return mix(inSpace, amongChannels, o.shares);
  const space = convolve(inSpace, modules, `theta_s.${name}`, o.cropped ? sides : undefined);
  return mix(space, perceive(amongChannels, modules, `theta_c.${name}`), o.shares);
}

/** theta_s of stacked maps; with `crop`, cells do not see across their borders. */
function convolve(x: Tensor, modules: Bound, name: string, crop?: Sides): Tensor {
  if (!crop) return generate(modules, name, flat(x)).reshape(x.shape);
  const within = (x: Tensor, conv: (x: Tensor) => Tensor) => {
    const apart = openSeams(x, crop);
    return closeSeams(conv(flat(apart)).reshape(apart.shape), crop);
  };
  return generate(modules, name, x, within);
}

const flat = (stack: Tensor) => stack.reshape([stack.shape[0] * stack.shape[1], ...stack.shape.slice(2)]);

function perceive(x: Tensor, modules: Bound, name: string): Tensor {
  const hidden = linear(x, modules[`${name}.0.weight`], { bias: modules[`${name}.0.bias`], activation: "relu" });
  return linear(hidden, modules[`${name}.2.weight`], { bias: modules[`${name}.2.bias`] });
}

/** A stack [Y, B, ..] as views [B, ..], one for each level of regions. */
function byRegions(view: string, level: number, stack: Tensor, sides: Sides): View[] {
  return sides.map((regions, i) => ({ view, at: { level, regions }, tensor: stack.slice(i, i + 1).reshape(stack.shape.slice(1)) }));
}

/** Those of one level of regions, made for the pictures alone: where the regions of all levels are together, they do not lie in a row. */
function channelViews({ level, teacher }: Pair, regions: number, options: DualMasking): View[] {
  const attention = channelAttention(teacher, [regions], options.tau);
  const { omegaC } = thresholds(options);
  const at = { level, regions };
  return [
    { view: "channelAttention", at, tensor: attention },
    { view: "channelMask", at, tensor: eraseMask(attention, omegaC) },
  ];
}
