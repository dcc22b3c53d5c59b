/**
 * SAMKD: erase what the teacher attends to, region by region, and let the student regenerate it (SFD, Eq. 1 to 8); compare
 * logits region by region, the more where features differ more (SLD, Eq. 9 to 12).
 *
 * Zhang, Li, Li, Xu, "SAMKD: Spatial-aware Adaptive Masking Knowledge Distillation for Object Detection". No code is public:
 * this is a reconstruction, and what the text leaves open is a knob.
 */
import type { Tensor } from "../../engine/graph";
import { cosineDistance, divergenceLoss, errorLoss, products } from "../../ops/features";
import type { Loss } from "../../ops/losses";
import { regionCount, regionMeans, type Sides, usable } from "../../ops/regions";
import { choice, number } from "../../settings/setting";
import type { LiveOf, View } from "../method";
import { CHANNEL_VIEWS, dualMasking, dualModules, MASK_VIEWS, maskKnobs } from "./dualmasking";
import { logits, reduction, regions, sidesOf, weight } from "./knobs";
import { align, alignModules, type Pair, pairs, scaleOf, total } from "./levels";
import type { ContextOf, DetectionMethod } from "./method";
import { byRegions, perRegion } from "./views";

const onOff = <const L extends string>(label: L, help: string) =>
  choice({ label, help, ...{ default: "on", options: ["on", "off"], when: "live", records: true, group: "method" } });

const knobs = {
  sfd: onOff("Feature distillation (SFD)", "Erase where the teacher attends, regenerate, compare with the teacher's features."),
  sld: onOff("Logit distillation (SLD)", "Compare classification logits averaged over regions, weighted by how features differ."),
  regions,
  ...maskKnobs,
  lambda: number({ label: "Spatial share λ", help: "Share of what θˢ regenerates, Eq. 7.", ...share(0.45) }),
  mu: number({ label: "Channel share μ", help: "Share of what θᶜ regenerates, Eq. 7.", ...share(0.55) }),
  alpha: weight(
    "Feature weight α",
    5,
    "Weight of L_feat. With literal sums the paper's is 0.002; a mean over maps of C x H x W weighs 3 C H W times that.",
  ),
  beta: weight("Logit weight β", 0.5, "Weight of L_logit. With literal sums the paper's is 0.000006."),
  ...logits,
  difference: choice({
    label: "Feature difference W",
    help: "Eq. 11, the cosine distance of a region's features. flattened: all pixels and channels as one vector. pooled: their averages. pixels: mean of the distances of pixels.",
    ...{ default: "flattened", options: ["flattened", "pooled", "pixels"], when: "live", records: true, group: "method" },
  }),
  projection: choice({
    label: "What W compares",
    help: "Eq. 11 compares F^T with Θ(F^S). trained: Θ as SFD trains it; without SFD it stays random, and so is W. aligned: Θ also learns to map the student's features to the teacher's, without a gradient to the student. reconstruction: what SFD regenerates instead of Θ(F^S), which then only weighs; without SFD as aligned. auto: trained with SFD, aligned without.",
    ...{ default: "auto", options: ["auto", "aligned", "reconstruction", "trained"], before: "trained" },
    ...{ when: "live", records: true, group: "method" },
  }),
  alignWeight: weight("Alignment weight", 1, "Weight of L_align, which trains Θ alone. Never calibrated: it does not reach the student."),
  detach: choice({
    label: "Gradient through W",
    help: "off: W only weighs. on: features are also drawn together where logits differ.",
    ...{ default: "off", options: ["off", "on"], when: "live", records: true, group: "method" },
  }),
  reduction,
  borders: choice({
    label: "Borders of regions",
    help: "tiled: regions are masked in their place and convolved together. cropped: each is cut out, zeros beyond its border.",
    ...{ default: "tiled", options: ["tiled", "cropped"], when: "live", records: true, group: "method" },
  }),
  theta: choice({
    label: "θ per",
    help: "level: one pair of regenerating blocks per FPN level. scale: one for every level of regions too.",
    ...{ default: "level", options: ["level", "scale"], when: "next", group: "method" },
  }),
};

function share(value: number) {
  return { default: value, min: 0, max: 1, when: "live", group: "loss" } as const;
}

type Knobs = typeof knobs;

export const samkd: DetectionMethod<Knobs> = {
  name: "samkd",
  label: "SAMKD",
  paper: "Zhang et al., Spatial-aware Adaptive Masking Knowledge Distillation for Object Detection",
  about:
    "The student regenerates what is erased where the teacher attends, in regions from coarse to fine, and follows its logits where features differ. A reconstruction: the authors' code is not public.",
  regenerates: true,
  heads: ({ sld }) => (sld === "on" ? [{ what: "class scores", without: ["sld", "off"] }] : []),
  knobs,
  terms: {
    feature: { label: "L_feat", kind: "feature", weight: "alpha", paper: "2e-3, sums" },
    logit: { label: "L_logit", kind: "logit", weight: "beta", paper: "6e-6, sums" },
    align: { label: "L_align", kind: "feature", weight: "alignWeight", paper: "none: a reading" },
  },
  views: {
    ...MASK_VIEWS,
    difference: { ...perRegion, label: "W, how features differ", note: "Eq. 11; it weighs the region's KL.", unit: "W" },
    divergence: { ...perRegion, label: "KL of logits", note: "Of the region's mean logits, before W.", unit: "KL" },
    studentLogits: { ...perRegion, kind: "logits", label: "Student's mean logits" },
    teacherLogits: { ...perRegion, kind: "logits", label: "Teacher's mean logits" },
    ...CHANNEL_VIEWS,
  },
  modules: (student, teacher, { theta }) => ({
    ...alignModules(student, teacher),
    ...dualModules(teacher, sidesOf(knobs.regions.default), theta === "scale"),
  }),
  losses(context) {
    const { sfd, sld } = context.knobs;
    const compares = comparedBy(context.knobs);
    const levels = pairs(context);
    const features = sfd === "on" ? levels.map((pair) => spatialFeatures(context, pair)) : [];
    const rebuilt = compares === "reconstruction" ? features.map(({ views }) => reconstructions(views)) : [];
    const regional = sld === "on" ? levels.flatMap((pair, l) => spatialLogits(context, pair, rebuilt[l])) : [];
    const feature = features.flatMap(({ loss }) => loss ?? []);
    const aligned = sld === "on" && compares === "aligned" ? alignments(context) : [];
    return {
      losses: {
        ...(feature.length && { feature: total(feature) }),
        ...(regional.length && { logit: total(regional.map(({ loss }) => loss)) }),
        ...(aligned.length && { align: total(aligned) }),
      },
      views: [...features, ...regional].flatMap(({ views }) => views),
    };
  },
};

/** The knob `projection`, where SFD is on or off. */
function comparedBy({ sfd, projection }: Pick<LiveOf<Knobs>, "sfd" | "projection">): "aligned" | "reconstruction" | "trained" {
  if (projection === "auto") return sfd === "on" ? "trained" : "aligned";
  return projection === "reconstruction" && sfd === "off" ? "aligned" : projection;
}

/** What SFD regenerated on one level, by the regions of a side. */
const reconstructions = (views: readonly View[]) =>
  new Map(views.flatMap(({ view, at, tensor }) => (view === "reconstruction" ? [[at.regions, tensor] as const] : [])));

/** |Theta(F^S) - F^T|^2 as a mean, of each level that has a Theta; it alone gets the gradient. */
function alignments({ student, teacher, modules }: ContextOf<Knobs>): Loss[] {
  return student.pyramid.flatMap((x, level) => {
    const own = align(modules, `align.${level}`, x.detach());
    const target = teacher.pyramid[level];
    return own.needsGrad ? [errorLoss(own, target, { scale: scaleOf(target, "normalised") })] : [];
  });
}

/** SFD on one level. */
function spatialFeatures({ knobs, modules }: ContextOf<Knobs>, pair: Pair) {
  const { masking, blocks, omegaS, omegaC, tau, phi, unit, lambda, mu, reduction } = knobs;
  const kind = { cropped: knobs.borders === "cropped", separate: knobs.theta === "scale" };
  const shares = { lambda, mu };
  const masks = { masking, blocks, omegaS, omegaC, tau, phi, unit };
  return dualMasking(pair, modules, { ...masks, shares, reduction, sides: sidesOf(knobs.regions), ...kind });
}

/** SLD on one level, by what was regenerated there or by Theta(F^S); nothing where the map is too small for any region. */
function spatialLogits({ knobs, student, teacher }: ContextOf<Knobs>, pair: Pair, rebuilt?: ReturnType<typeof reconstructions>) {
  const { level } = pair;
  const all = usable(sidesOf(knobs.regions), pair.teacher.shape.slice(1, 3));
  const own = knobs.detach === "on" ? pair.student : pair.student.detach();
  const [batch] = own.shape;
  // What is regenerated differs from one level of regions to the next.
  const groups = rebuilt ? all.map((side) => [side]) : all.length > 0 ? [all] : [];
  return groups.map((sides) => {
    const weights = difference(pair.teacher, rebuilt?.get(sides[0]) ?? own, sides, knobs.difference);
    const [z, target] = [student, teacher].map(({ levels }) => regionMeans(levels[level].cls, sides));
    const loss = divergenceLoss(z, target, {
      ...{ classes: student.config.classes, kind: knobs.divergence, temperature: knobs.temperature, weights },
      scale: 1 / (knobs.reduction === "literal" ? batch : batch * regionCount(all)),
    });
    const numbers = { difference: weights, divergence: loss.kl, studentLogits: z.detach(), teacherLogits: target };
    return { loss, views: Object.entries(numbers).flatMap(([view, all]) => byRegions(view, level, all, sides)) };
  });
}

/** Eq. 11 in its three readings: W [B, R]. */
function difference(u: Tensor, v: Tensor, sides: Sides, of: "flattened" | "pooled" | "pixels"): Tensor {
  if (of === "flattened") return cosineDistance(regionMeans(products(u, v), sides));
  if (of === "pooled") return cosineDistance(products(regionMeans(u, sides), regionMeans(v, sides)));
  const distances = cosineDistance(products(u, v));
  const means = regionMeans(distances.reshape([...distances.shape, 1]), sides);
  return means.reshape(means.shape.slice(0, 2));
}
