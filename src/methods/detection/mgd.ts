/**
 * MGD: random pixels of the student's features are erased and regenerated.
 *
 * Yang et al., "Masked generative distillation", ECCV 2022.
 */
import { errorLoss } from "../../ops/features";
import { erase, eraseMask } from "../../ops/regions";
import { randomScores } from "../../ops/select";
import { number } from "../../settings/setting";
import { generate, generator } from "./generator";
import { reduction, switches, weight } from "./knobs";
import { alignModules, forLevels, type Pair, pairs, scaleOf, total } from "./levels";
import type { ContextOf, DetectionMethod } from "./method";
import { erased, FEATURES, reconstruction } from "./views";

const knobs = {
  ...switches,
  ratio: number({
    label: "Erased share λ",
    help: "How likely each pixel is erased, in all channels at once. 0.65 for one-stage detectors.",
    ...{ default: 0.65, min: 0, max: 1, when: "live", group: "mask", essential: true },
  }),
  alpha: weight(
    "Feature weight α",
    20,
    "With literal sums the paper's is 0.00002; on COCO's maps that weighs the mean by 86, 21 and 5 on levels P3 to P5.",
  ),
  reduction,
};
type Knobs = typeof knobs;

/** Keeps the masks of the levels apart from each other and from other draws of the same seed. */
const STREAM = 0x300;

export const mgd: DetectionMethod<Knobs> = {
  name: "mgd",
  label: "MGD",
  paper: "Yang et al., Masked generative distillation, ECCV 2022",
  about:
    "Random pixels of the student's features are erased; a small convolutional block regenerates the teacher's features from the rest.",
  regenerates: true,
  knobs,
  terms: { feature: { label: "L_feat", kind: "feature", weight: "alpha", paper: "2e-5, sums" } },
  views: { mask: erased("level"), ...FEATURES, reconstruction: reconstruction("level") },
  modules: (student, teacher) => ({
    ...alignModules(student, teacher),
    ...forLevels(teacher, (l) => generator(`generation.${l}`, teacher.channels)),
  }),
  losses(context) {
    const levels = pairs(context).map((pair) => regenerated(context, pair));
    return { losses: { feature: total(levels.map(({ loss }) => loss)) }, views: levels.flatMap(({ views }) => views) };
  },
};

function regenerated({ knobs, modules, random }: ContextOf<Knobs>, { level, student, teacher }: Pair) {
  const noise = randomScores(student.graph, [1, ...student.shape.slice(0, 3)], { ...random, stream: STREAM + level });
  const mask = eraseMask(noise, knobs.masking === "on" ? knobs.ratio : 0, "below");
  const left = erase(student, mask, [1]).reshape(student.shape);
  const rebuilt = knobs.blocks === "on" ? generate(modules, `generation.${level}`, left) : left;
  const views = [
    { view: "mask", at: { level }, tensor: mask.reshape(student.shape.slice(0, 3)) },
    { view: "reconstruction", at: { level }, tensor: rebuilt.detach() },
  ];
  return { loss: errorLoss(rebuilt, teacher, { scale: scaleOf(teacher, knobs.reduction) }), views };
}
