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
import { generate, generator } from "./generator";
import { forLevels, type Pair, type Reduction, total } from "./levels";
import type { Dimensions } from "./method";
import { layer, type Modules } from "./modules";

/** Knobs of the masks, Eq. 1 to 4. */
export const maskKnobs = {
  omegaS: number({
    label: "Spatial threshold ωˢ",
    help: "Pixels whose spatial attention reaches it are erased. 1 is the average of a region.",
    ...{ default: 0.95, min: 0.5, max: 2, when: "live", group: "mask" },
  }),
  omegaC: number({
    label: "Channel threshold ωᶜ",
    help: "Channels whose attention reaches it are erased. At 0.5 those with a positive mean.",
    ...{ default: 0.5, min: 0, max: 1, when: "live", group: "mask" },
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

/**
 * L_feat of one FPN level and its pictures: `attention.L.Y` and `mask.L.Y` [B, H, W], `reconstruction.L.Y` [B, H, W, C] for
 * every level Y (cells per side) of the pyramid, `channelAttention.L` and `channelMask.L` [B, R, C] for all regions. Nothing
 * where the map is too small for any region.
 */
export function dualMasking(pair: Pair, modules: Bound, options: DualMasking): { loss?: Loss; views: Record<string, Tensor> } {
  const { level, student, teacher } = pair;
  const sides = usable(options.sides, teacher.shape.slice(1, 3));
  if (sides.length === 0) return { views: {} };
  const masks = masksOf(teacher, sides, options);
  const groups = options.separate ? sides.map((side) => [side]) : [sides];
  const scale = options.reduction === "literal" ? 1 / teacher.shape[0] : 1 / (sides.length * teacher.size);
  const parts = groups.map((group) => {
    const own = options.separate ? masksOf(teacher, group, options) : masks;
    const rebuilt = reconstruct(student, own, modules, `${level}${options.separate ? `.${group[0]}` : ""}`, group, options);
    return { group, rebuilt, loss: errorLoss(rebuilt, teacher, { scale }) };
  });
  const views = {
    [`channelAttention.${level}`]: masks.channels,
    [`channelMask.${level}`]: masks.channelMask,
    ...byLevel(`attention.${level}`, masks.space, sides),
    ...byLevel(`mask.${level}`, masks.spaceMask, sides),
    ...Object.assign({}, ...parts.map(({ group, rebuilt }) => byLevel(`reconstruction.${level}`, rebuilt.detach(), group))),
  };
  return { loss: total(parts.map(({ loss }) => loss)), views };
}

/** Eq. 1 to 4. */
function masksOf(teacher: Tensor, sides: Sides, { tau, phi, unit, omegaS, omegaC }: DualMasking) {
  const space = spatialAttention(teacher, sides, { tau, phi, relative: unit === "relative" });
  const channels = channelAttention(teacher, sides, tau);
  return { space, channels, spaceMask: eraseMask(space, omegaS), channelMask: eraseMask(channels, omegaC) };
}

/** Eq. 5 to 7: F_recon [Y, B, H, W, C]. */
function reconstruct(x: Tensor, masks: ReturnType<typeof masksOf>, modules: Bound, name: string, sides: Sides, o: DualMasking): Tensor {
  const space = convolve(erase(x, masks.spaceMask, sides), modules, `theta_s.${name}`, o.cropped ? sides : undefined);
  const channels = perceive(erase(x, masks.channelMask, sides), modules, `theta_c.${name}`);
  return mix(space, channels, o.shares);
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

/** A stack [Y, B, ..] as views [B, ..], named by cells per side. */
function byLevel(name: string, stack: Tensor, sides: Sides): Record<string, Tensor> {
  return Object.fromEntries(sides.map((side, i) => [`${name}.${side}`, stack.slice(i, i + 1).reshape(stack.shape.slice(1))]));
}
