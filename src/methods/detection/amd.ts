/**
 * AMD: the student's features are erased where the teacher attends, regenerated, and their channels weigh themselves.
 *
 * Yang et al., "AMD: Adaptive masked distillation for object detection", IJCNN 2023, by its abstract: attention-guided masks in space, and "a
 * simple and efficient module" by which the student's channels adapt. No code is public. Our reading: SAMKD's spatial mask over the whole map
 * (its authors wrote both), MGD's block, and behind it squeeze and excitation (Hu et al., CVPR 2018).
 */
import type { Tensor } from "../../engine/graph";
import type { Bound } from "../../models/params";
import { gateChannels } from "../../ops/context";
import { errorLoss } from "../../ops/features";
import { linear } from "../../ops/linear";
import { erase, eraseMask, regionMeans, spatialAttention } from "../../ops/regions";
import { choice } from "../../settings/setting";
import { MASK_VIEWS, maskKnobs, NEVER } from "./dualmasking";
import { generate, generator } from "./generator";
import { reduction, weight } from "./knobs";
import { alignModules, forLevels, type Pair, pairs, scaleOf, total } from "./levels";
import type { ContextOf, DetectionMethod } from "./method";
import { layer, type Modules } from "./modules";

const { omegaC: _, ...spatial } = maskKnobs;

const knobs = {
  ...spatial,
  channels: choice({
    label: "Channels adapt",
    help: "on: each channel of the regenerated features is weighed by a small perceptron of all their means. off: they stay as they are.",
    ...{ default: "on", options: ["on", "off"], when: "live", records: true, group: "method" },
  }),
  alpha: weight("Feature weight α", 5, "Weight of L_feat, summed over levels."),
  reduction,
};
type Knobs = typeof knobs;

/** How many channels the perceptron has inside, for one outside. */
const SQUEEZE = 4;

export const amd: DetectionMethod<Knobs> = {
  name: "amd",
  label: "AMD",
  paper: "Yang et al., AMD: Adaptive masked distillation for object detection, IJCNN 2023",
  about:
    "The student regenerates what is erased where the teacher attends, and weighs the channels of the result. A reading of the abstract: the paper's details and code are not at hand.",
  regenerates: true,
  knobs,
  terms: { feature: { label: "L_feat", kind: "feature", weight: "alpha", paper: "not given" } },
  views: MASK_VIEWS,
  modules: (student, teacher) => ({
    ...alignModules(student, teacher),
    ...forLevels(teacher, (l) => ({ ...generator(`generation.${l}`, teacher.channels), ...excitation(`channels.${l}`, teacher.channels) })),
  }),
  losses(context) {
    const levels = pairs(context).map((pair) => adapted(context, pair));
    return { losses: { feature: total(levels.map(({ loss }) => loss)) }, views: levels.flatMap(({ views }) => views) };
  },
};

function adapted({ knobs, modules }: ContextOf<Knobs>, { level, student, teacher }: Pair) {
  const { masking, blocks, channels, tau, phi, unit, omegaS } = knobs;
  const attention = spatialAttention(teacher, [1], { tau, phi, relative: unit === "relative" });
  const mask = eraseMask(attention, masking === "on" ? omegaS : NEVER);
  const left = erase(student, mask, [1]).reshape(student.shape);
  const rebuilt = blocks === "on" ? generate(modules, `generation.${level}`, left) : left;
  const whole = channels === "on" ? excite(modules, `channels.${level}`, rebuilt) : rebuilt;
  const loss = errorLoss(whole, teacher, { scale: scaleOf(teacher, knobs.reduction) });
  const [at, map] = [{ level, regions: 1 }, teacher.shape.slice(0, 3)];
  const views = [
    { view: "attention", at, tensor: attention.reshape(map) },
    { view: "mask", at, tensor: mask.reshape(map) },
    { view: "reconstruction", at, tensor: whole.detach() },
    { view: "error", at, tensor: loss.rows.reshape(map) },
  ];
  return { loss, views };
}

function excitation(name: string, channels: number): Modules {
  const hidden = Math.max(1, Math.round(channels / SQUEEZE));
  return { ...layer(`${name}.0`, channels, hidden), ...layer(`${name}.2`, hidden, channels) };
}

/** sigmoid(W2 relu(W1 mean(x))) x, mean over pixels. */
function excite(modules: Bound, name: string, x: Tensor): Tensor {
  const means = regionMeans(x, [1]).reshape([x.shape[0], x.cols]);
  const hidden = linear(means, modules[`${name}.0.weight`], { bias: modules[`${name}.0.bias`], activation: "relu" });
  return gateChannels(x, linear(hidden, modules[`${name}.2.weight`], { bias: modules[`${name}.2.bias`] }));
}
