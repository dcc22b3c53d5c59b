/**
 * FreeKD: details of the features, level by level of a wavelet transform, imitate where prompts ask for them.
 *
 * Zhang et al., "FreeKD: Knowledge distillation via semantic frequency prompt", CVPR 2024, as its code does it: the terms are
 * decomposition levels 1 to 3, each with all three orientations, and the low band counts nowhere. Prompts are trained beforehand: the
 * frozen teacher's heads are to detect on features put together again from bands under their masks, which shall differ from each other
 * (Dice). Random prompts stay as they are, and their weights lie close to one half.
 */
import type { Graph, Live, Tensor } from "../../engine/graph";
import type { Bound } from "../../models/params";
import { errorLoss, mix } from "../../ops/features";
import { type Bands, haar, promptWeights } from "../../ops/haar";
import type { Loss } from "../../ops/losses";
import { diceLoss, maskedInverse, maskedLow, promptMasks } from "../../ops/prompts";
import { randomScores } from "../../ops/select";
import { choice, number } from "../../settings/setting";
import { weight } from "./knobs";
import { alignModules, forLevels, type Pair, pairs, scaleOf, total } from "./levels";
import type { DetectionMethod, Dimensions, DistillContext } from "./method";
import type { Modules } from "./modules";
import { FEATURES } from "./views";

const knobs = {
  boxes: choice({
    label: "Boxes",
    help: "Whether box outputs are compared. Detectors of two kinds, or with other anchors, do not measure boxes alike.",
    ...{ default: "on", options: ["on", "off"], when: "live", records: true, group: "method" },
  }),
  prompts: choice({
    label: "Prompts",
    help: "learned: before the student's first step, on the frozen teacher, as the paper's; on a slow GPU that takes minutes. random: drawn, and left as they are: results without the paper's prompts.",
    ...{ default: "random", options: ["random", "learned"], when: "next", group: "mask" },
  }),
  promptSteps: number({
    label: "Steps of the prompts",
    help: "Steps in which prompts are learned, where they are. They come before those of the student.",
    ...{ default: 100, min: 1, max: 10000, integer: true, log: true, when: "next", group: "mask" },
  }),
  lambda: number({
    label: "Dice weight λ",
    help: "Weight of the penalty on prompts whose masks look alike, while they are learned.",
    ...{ default: 1, min: 0, max: 10, when: "next", group: "mask" },
  }),
  alpha: weight("Frequency weight", 1, "Weight of the details' mean absolute difference, summed over wavelet and pyramid levels."),
  beta: weight("Feature weight", 5, "Weight of the features' mean squared difference beside it, as in FitNet."),
  gamma: weight("Box weight", 1, "Weight of the mean smooth L1 distance of box outputs."),
};

/** Wavelet levels, prompts T and the deviation they are drawn with. */
const LEVELS = 3;
const PROMPTS = 6;
const DEVIATION = 0.01;
const STREAM = 0x400;
/** Pixels of the input for one of the pyramid's finest level. */
const FIRST_STRIDE = 8;

export const freekd: DetectionMethod<typeof knobs> = {
  name: "freekd",
  label: "FreeKD",
  paper: "Zhang et al., FreeKD: Knowledge distillation via semantic frequency prompt, CVPR 2024",
  about:
    "Details of the features imitate, by a wavelet transform. The paper's prompts are trained beforehand, as with prompts=learned; without, they are random and stay as they are.",
  heads: ({ boxes }) => (boxes === "on" ? [{ what: "boxes", without: ["boxes", "off"] }] : []),
  knobs,
  terms: {
    frequency: { label: "L_freq", kind: "feature", weight: "alpha", paper: "1, means" },
    feature: { label: "L_feat", kind: "feature", weight: "beta", paper: "5, means" },
    boxes: { label: "L_box", kind: "feature", weight: "gamma", paper: "1, means" },
  },
  views: {
    ...FEATURES,
    // [B, h, w, 4]: of each band, 0 for the low one.
    frequency: {
      ...{ kind: "heat", label: "Weights of details", note: "wavelets, coarser with the number", unit: "weight" },
      axes: ["level", "wavelet"],
    },
  },
  modules: alignModules,
  beforehand: {
    label: "Prompts learn",
    steps: "promptSteps",
    modules: (teacher, { prompts }) => (prompts === "learned" ? promptModules(teacher) : {}),
    losses: ({ pyramid, modules, knobs: { lambda } }) => masked(pyramid, modules, lambda),
  },
  losses(context) {
    const levels = pairs(context);
    const details = levels.flatMap((pair) => frequencies(context, pair));
    const errors = levels.map(({ student, teacher }) => errorLoss(student, teacher, { scale: scaleOf(teacher, "normalised") }));
    const frequency = details.length > 0 && { frequency: total(details.map(({ loss }) => loss)) };
    const boxes = context.knobs.boxes === "on" && { boxes: boxLoss(context) };
    return { losses: { ...frequency, feature: total(errors), ...boxes }, views: details.map(({ view }) => view) };
  },
};

/** Wavelet levels of a map. Small ones have fewer, a map of one pixel none. */
const depth = (sides: readonly number[]): number => Math.min(LEVELS, Math.floor(Math.log2(Math.min(...sides))));

/** The name of the prompts of a pyramid level, for the details of a wavelet level; 0 is the low band. */
const named = (level: number, wavelet: number) => `prompts.${level}.${wavelet}`;

/** Prompts [T, C] for the low band and for each wavelet level of every map of the pyramid. */
function promptModules(teacher: Dimensions): Modules {
  const { image, channels } = teacher;
  const init = { kind: "he", fanIn: 2 / DEVIATION ** 2 } as const;
  return forLevels(teacher, (level) => {
    const count = depth([Math.ceil(image / (FIRST_STRIDE * 2 ** level))]);
    const bands = count > 0 ? Array.from({ length: count + 1 }, (_, j) => j) : [];
    return Object.fromEntries(bands.map((j) => [named(level, j), { shape: [PROMPTS, channels], init }]));
  });
}

/** What the teacher's features are under the masks of prompts, and the penalty. A band is multiplied with the sum of its T masks, as in the code. */
function masked(pyramid: readonly Tensor[], modules: Bound, lambda: Live) {
  const dice: Loss[] = [];
  const masksOf = (band: Bands, name: string, of: "low" | "details") => {
    const masks = promptMasks(band, modules[name], of);
    dice.push(diceLoss(masks, band.size[0]));
    return masks;
  };
  const left = pyramid.map((map, level) => {
    const [height, width] = map.shape.slice(1, 3);
    const levels = haar(map, depth([height, width]));
    const last = levels.at(-1);
    if (!last) return map;
    const sides = [[height, width] as const, ...levels.map(({ size: [, h, w] }) => [h, w] as const)];
    const low = maskedLow(last, masksOf(last, named(level, 0), "low"));
    return levels.reduceRight(
      (below, bands, j) => maskedInverse(bands, below, masksOf(bands, named(level, j + 1), "details"), sides[j]),
      low,
    );
  });
  return { pyramid: left, losses: { dice: { loss: total(dice), weight: lambda } } };
}

function boxLoss({ student, teacher }: DistillContext): Loss {
  const levels = student.levels.map(({ box }, l) => {
    const target = teacher.levels[l].box;
    return errorLoss(box, target, { power: "smooth", scale: scaleOf(target, "normalised") });
  });
  return total(levels);
}

/** The terms of one pyramid level. */
function frequencies({ random, modules }: DistillContext, { level, student, teacher }: Pair) {
  const count = depth(teacher.shape.slice(1, 3));
  const [own, target] = [haar(student, count), haar(teacher, count)];
  return target.map((bands, j) => {
    const stream = STREAM + 2 * (LEVELS * level + j);
    const asked = modules[named(level, j + 1)] ?? randomPrompts(teacher.graph, teacher.cols, { seed: random.seed, stream });
    const rows = promptWeights(bands, asked);
    const scale = 4 / (3 * bands.tensor.size);
    const loss = errorLoss(own[j].tensor, bands.tensor, { power: "absolute", rows, scale });
    return { loss, view: { view: "frequency", at: { level, wavelet: j + 1 }, tensor: rows } };
  });
}

/** Prompts [T, C], the same in every step: differences of two uniform numbers, whose variance is 1/6. */
function randomPrompts(graph: Graph, channels: number, { seed, stream }: { seed: number; stream: number }): Tensor {
  const [a, b] = [0, 1].map((i) => randomScores(graph, [PROMPTS, channels], { seed, stream: stream + i, step: 0 }));
  const lambda = DEVIATION * Math.sqrt(6);
  return mix(a, b, { lambda, mu: -lambda });
}
