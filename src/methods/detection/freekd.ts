/**
 * FreeKD: details of the features, level by level of a wavelet transform, imitate where prompts ask for them.
 *
 * Zhang et al., "FreeKD: Knowledge distillation via semantic frequency prompt", CVPR 2024, as its code does it: the terms are
 * decomposition levels 1 to 3, each with all three orientations, and the low band counts nowhere. There prompts are trained
 * beforehand on the teacher's detection loss; here they are random and stay so, and their weights lie close to one half.
 */
import type { Graph, Tensor } from "../../engine/graph";
import { errorLoss, mix } from "../../ops/features";
import { haar, promptWeights } from "../../ops/haar";
import type { Loss } from "../../ops/losses";
import { randomScores } from "../../ops/select";
import { choice } from "../../settings/setting";
import { weight } from "./knobs";
import { alignModules, type Pair, pairs, scaleOf, total } from "./levels";
import type { DetectionMethod, DistillContext } from "./method";
import { FEATURES } from "./views";

const knobs = {
  boxes: choice({
    label: "Boxes",
    help: "Whether box outputs are compared. Detectors of two kinds, or with other anchors, do not measure boxes alike.",
    ...{ default: "on", options: ["on", "off"], when: "live", records: true, group: "method" },
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

export const freekd: DetectionMethod<typeof knobs> = {
  name: "freekd",
  label: "FreeKD",
  paper: "Zhang et al., FreeKD: Knowledge distillation via semantic frequency prompt, CVPR 2024",
  about:
    "Details of the features imitate, by a wavelet transform. The paper's prompts, trained beforehand, are replaced by random ones that stay as they are.",
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
  losses(context) {
    const levels = pairs(context);
    const details = levels.flatMap((pair) => frequencies(context, pair));
    const errors = levels.map(({ student, teacher }) => errorLoss(student, teacher, { scale: scaleOf(teacher, "normalised") }));
    const frequency = details.length > 0 && { frequency: total(details.map(({ loss }) => loss)) };
    const boxes = context.knobs.boxes === "on" && { boxes: boxLoss(context) };
    return { losses: { ...frequency, feature: total(errors), ...boxes }, views: details.map(({ view }) => view) };
  },
};

function boxLoss({ student, teacher }: DistillContext): Loss {
  const levels = student.levels.map(({ box }, l) => {
    const target = teacher.levels[l].box;
    return errorLoss(box, target, { power: "smooth", scale: scaleOf(target, "normalised") });
  });
  return total(levels);
}

/** The terms of one pyramid level. Small maps have fewer wavelet levels, a map of one pixel none. */
function frequencies({ random }: DistillContext, { level, student, teacher }: Pair) {
  const count = Math.min(LEVELS, Math.floor(Math.log2(Math.min(...teacher.shape.slice(1, 3)))));
  const [own, target] = [haar(student, count), haar(teacher, count)];
  return target.map((bands, j) => {
    const stream = STREAM + 2 * (LEVELS * level + j);
    const rows = promptWeights(bands, prompts(teacher.graph, teacher.cols, { seed: random.seed, stream }));
    const scale = 4 / (3 * bands.tensor.size);
    const loss = errorLoss(own[j].tensor, bands.tensor, { power: "absolute", rows, scale });
    return { loss, view: { view: "frequency", at: { level, wavelet: j + 1 }, tensor: rows } };
  });
}

/** Prompts [T, C], the same in every step: differences of two uniform numbers, whose variance is 1/6. */
function prompts(graph: Graph, channels: number, { seed, stream }: { seed: number; stream: number }): Tensor {
  const [a, b] = [0, 1].map((i) => randomScores(graph, [PROMPTS, channels], { seed, stream: stream + i, step: 0 }));
  const lambda = DEVIATION * Math.sqrt(6);
  return mix(a, b, { lambda, mu: -lambda });
}
