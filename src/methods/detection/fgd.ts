/**
 * FGD: foreground and background apart, weighted by the teacher's attention (focal), attention itself, and how pixels relate
 * (global).
 *
 * Yang et al., "Focal and global knowledge distillation for detectors", CVPR 2022. Its code indexes the boxes' masks with rows
 * and columns exchanged; here they lie where the boxes are.
 */
import type { Live, Tensor } from "../../engine/graph";
import { boxMasks } from "../../ops/boxmasks";
import { errorLoss } from "../../ops/features";
import type { Loss } from "../../ops/losses";
import { absolutePixelMeans, erase, regionMeans, spatialAttention } from "../../ops/regions";
import { softmax } from "../../ops/softmax";
import { number } from "../../settings/setting";
import { gcBlock, gcModules } from "./gcblock";
import { reduction, weight } from "./knobs";
import { alignModules, forLevels, type Pair, pairs, type Reduction, scaleOf, total } from "./levels";
import type { ContextOf, DetectionMethod } from "./method";
import { FEATURES } from "./views";

const knobs = {
  temperature: number({
    label: "Attention temperature T",
    help: "Small values concentrate attention. 0.5; 0.8 for FCOS.",
    ...{ default: 0.5, min: 0.1, max: 5, log: true, when: "live", group: "mask" },
  }),
  alpha: weight("Foreground weight α", 0.25, "With literal sums the paper's is 0.001, which is this for the mean over 256 channels."),
  beta: weight("Background weight β", 0.125, "With literal sums the paper's is 0.0005."),
  gamma: weight(
    "Attention weight γ",
    1,
    "With literal sums the paper's is 0.0005, which for means on COCO's P4 is 2 in space and 0.1 among channels.",
  ),
  lambda: weight("Relation weight λ", 5, "With literal sums the paper's is 0.000005, which is this for the mean on COCO's P4."),
  reduction,
};
type Knobs = typeof knobs;

export const fgd: DetectionMethod<Knobs> = {
  name: "fgd",
  label: "FGD",
  paper: "Yang et al., Focal and global knowledge distillation for detectors, CVPR 2022",
  about: "Features imitate where the teacher attends, objects and background apart; so do attention and how pixels relate.",
  knobs,
  terms: {
    foreground: { label: "L_fg", kind: "feature", weight: "alpha", paper: "1e-3, sums", sums: 1e-3 },
    background: { label: "L_bg", kind: "feature", weight: "beta", paper: "5e-4, sums", sums: 5e-4 },
    attention: { label: "L_att", kind: "feature", weight: "gamma", paper: "5e-4, sums", sums: 5e-4 },
    relation: { label: "L_rel", kind: "feature", weight: "lambda", paper: "5e-6, sums", sums: 5e-6 },
  },
  views: {
    attention: { kind: "heat", label: "Teacher attends to", note: "1 on average in each image", unit: "attention", axes: ["level"] },
    ...FEATURES,
    foreground: { kind: "heat", label: "Foreground", note: "weights of the objects' pixels", unit: "weight", axes: ["level"] },
    background: { kind: "heat", label: "Background", note: "weights of all other pixels", unit: "weight", axes: ["level"] },
    channelAttention: { kind: "channels", label: "Channel attention", note: "Weights of the teacher's channels.", axes: ["level"] },
  },
  modules: (student, teacher) => ({
    ...alignModules(student, teacher),
    ...forLevels(teacher, (l) => ({ ...gcModules(`student.${l}`, teacher.channels), ...gcModules(`teacher.${l}`, teacher.channels) })),
  }),
  losses(context) {
    const levels = pairs(context).map((pair) => focalAndGlobal(context, pair));
    const sum = (name: keyof (typeof levels)[number]["losses"]) => total(levels.map(({ losses }) => losses[name]));
    const losses = { foreground: sum("foreground"), background: sum("background"), attention: sum("attention"), relation: sum("relation") };
    return { losses, views: levels.flatMap(({ views }) => views) };
  },
};

function focalAndGlobal({ knobs, boxes, modules, teacher: { config } }: ContextOf<Knobs>, { level, student, teacher }: Pair) {
  const { temperature, reduction } = knobs;
  const [batch, height, width, cols] = teacher.shape;
  const masks = boxMasks(boxes, config.image, [height, width]);
  const [own, target] = [attention(student, temperature), attention(teacher, temperature)];
  const focal = (mask: Tensor) => {
    const rows = erase(target.pixels.reshape([batch, height, width, 1]), mask.reshape([1, batch, height, width]), [1]);
    const scale = (height * width * (reduction === "literal" ? cols : 1)) / batch;
    return errorLoss(student, teacher, { rows, channels: target.channels, scale });
  };
  const related = [gcBlock(modules, `student.${level}`, student), gcBlock(modules, `teacher.${level}`, teacher)] as const;
  const losses = {
    foreground: focal(masks.foreground),
    background: focal(masks.background),
    attention: total([apart(own.pixels, target.pixels, reduction), apart(own.channels, target.channels, reduction)]),
    relation: errorLoss(...related, { scale: scaleOf(teacher, reduction) }),
  };
  const pictures = {
    attention: spatialAttention(teacher, [1], { tau: temperature, phi: "softmax" }).reshape([batch, height, width]),
    ...masks,
    channelAttention: target.channels,
  };
  return { losses, views: Object.entries(pictures).map(([view, tensor]) => ({ view, at: { level }, tensor })) };
}

/** softmax(mean |x| / T) over pixels [B, H W] and over channels [B, C]: A^S / HW and A^C / C. */
function attention(x: Tensor, tau: Live): { pixels: Tensor; channels: Tensor } {
  const batch = x.shape[0];
  const pixels = softmax(absolutePixelMeans(x, tau).reshape([batch, x.rows / batch]));
  return { pixels, channels: softmax(regionMeans(x, [1], { absolute: true, tau }).reshape([batch, x.cols])) };
}

/** |A_S - A_T| of attentions that average 1, from those that sum to 1. */
function apart(own: Tensor, target: Tensor, reduction: Reduction): Loss {
  return errorLoss(own, target, { power: "absolute", scale: (reduction === "literal" ? own.cols : 1) / own.rows });
}
