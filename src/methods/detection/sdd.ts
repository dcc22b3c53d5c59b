/**
 * SDD: logits averaged over regions from coarse to fine follow the teacher's; regions that contradict the whole map weigh more.
 * SAMKD's SLD is made of it, with the distance of features as weight instead.
 *
 * Wei et al., "Scaled decoupled distillation", CVPR 2024, on every level of a detector's pyramid. Where the paper's code asks
 * whether region and whole image name the true class alike, an image of several objects has no such class: our reading asks
 * whether the teacher's top class of the region is that of the whole map.
 */
import { disagreement } from "../../ops/decoupling";
import { divergenceLoss } from "../../ops/features";
import { regionMeans, usable } from "../../ops/regions";
import { number } from "../../settings/setting";
import { logits, regions, sidesOf, weight } from "./knobs";
import { total } from "./levels";
import type { ContextOf, DetectionMethod } from "./method";
import { byRegions, FEATURES, perRegion } from "./views";

const knobs = {
  regions,
  contradicting: number({
    label: "Weight of contradicting regions",
    help: "Regions whose top class is not that of the whole map weigh as much, others 1. The paper's is 2.",
    ...{ default: 2, min: 0, max: 10, when: "live", group: "loss" },
  }),
  beta: weight("Logit weight β", 0.5, "Weight of the divergence, a mean over regions and a sum over levels."),
  ...logits,
};
type Knobs = typeof knobs;

export const sdd: DetectionMethod<Knobs> = {
  name: "sdd",
  label: "SDD",
  paper: "Wei et al., Scaled decoupled distillation, CVPR 2024",
  about:
    "Classification, averaged over regions from coarse to fine, follows the teacher's; regions whose class is not the whole map's weigh twice. Made for classifiers: our reading for detectors.",
  heads: () => [{ what: "class scores" }],
  knobs,
  terms: { logit: { label: "L_logit", kind: "logit", weight: "beta", paper: "not given" } },
  views: {
    ...FEATURES,
    weight: { ...perRegion, label: "Weight of regions", note: "More where they contradict the whole map.", unit: "weight" },
    divergence: { ...perRegion, label: "KL of logits", note: "Of the region's mean logits.", unit: "KL" },
  },
  modules: () => ({}),
  losses(context) {
    const levels = context.student.levels.flatMap((_, level) => regional(context, level));
    return {
      losses: { ...(levels.length > 0 && { logit: total(levels.map(({ loss }) => loss)) }) },
      views: levels.flatMap(({ views }) => views),
    };
  },
};

/** One level of the pyramid; nothing where its map is too small for any region. */
function regional({ student, teacher, knobs }: ContextOf<Knobs>, level: number) {
  const { classes } = student.config;
  const [own, target] = [student, teacher].map(({ levels }) => levels[level].cls);
  const sides = usable(sidesOf(knobs.regions), target.shape.slice(1, 3));
  if (sides.length === 0) return [];
  const [z, aim] = [own, target].map((cls) => regionMeans(cls, sides));
  const weights = disagreement(aim, regionMeans(target, [1]), classes, knobs.contradicting);
  const loss = divergenceLoss(z, aim, { classes, kind: knobs.divergence, temperature: knobs.temperature, weights });
  return [{ loss, views: [...byRegions("weight", level, weights, sides), ...byRegions("divergence", level, loss.kl, sides)] }];
}
