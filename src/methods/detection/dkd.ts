/**
 * DKD: logit distillation in two parts at the places that answer for an object: how sure of its class (TCKD), and how the rest
 * is spread over the other classes (NCKD), which plain distillation weighs the less the surer the teacher is.
 *
 * Zhao et al., "Decoupled knowledge distillation", CVPR 2022. There proposals of a two-stage detector are classified, background
 * among them. A one-stage detector has no class for background: places that answer for none have no target, and do not count.
 */
import type { Tensor } from "../../engine/graph";
import { decoupledLoss } from "../../ops/decoupling";
import { number } from "../../settings/setting";
import { weight } from "./knobs";
import { total } from "./levels";
import type { DetectionMethod } from "./method";
import { FEATURES } from "./views";

const knobs = {
  alpha: weight("Target weight α", 1, "Weight of TCKD, a mean over places that answer for an object."),
  beta: weight(
    "Other classes' weight β",
    8,
    "Weight of NCKD, a mean over the same places. 8 is the paper's usual one; in plain distillation it is 1 - p of the target.",
  ),
  temperature: number({
    label: "Temperature T",
    help: "Softens both predictions before they are compared.",
    ...{ default: 1, min: 0.5, max: 8, when: "live", group: "loss" },
  }),
};

const place = { kind: "heat", unit: "KL", axes: ["level"] } as const;

export const dkd: DetectionMethod<typeof knobs> = {
  name: "dkd",
  label: "DKD",
  paper: "Zhao et al., Decoupled knowledge distillation, CVPR 2022",
  about:
    "Where a place answers for an object, the student follows the teacher's certainty of its class and, apart from that, how the teacher ranks the others. Made for classifiers: our reading for one-stage detectors.",
  heads: () => [{ what: "class scores" }],
  knobs,
  terms: {
    target: { label: "L_TCKD", kind: "logit", weight: "alpha", paper: "1, means" },
    others: { label: "L_NCKD", kind: "logit", weight: "beta", paper: "8, means" },
  },
  views: {
    ...FEATURES,
    target: { ...place, label: "TCKD", note: "at places that answer for an object" },
    others: { ...place, label: "NCKD", note: "at places that answer for an object" },
  },
  modules: () => ({}),
  losses({ student, teacher, assigned, knobs: { temperature } }) {
    const { classes } = student.config;
    const options = { classes, temperature, normaliser: assigned.positives };
    const each = (part: "target" | "others") =>
      student.levels.map(({ cls }, l) => decoupledLoss(cls, teacher.levels[l].cls, { ...options, part, labels: assigned.labels[l] }));
    const parts = { target: each("target"), others: each("others") };
    const views = Object.entries(parts).flatMap(([view, losses]) =>
      losses.map(({ rows }, level) => ({ view, at: { level }, tensor: placed(rows, student.levels[level].cls, classes) })),
    );
    return { losses: { target: total(parts.target), others: total(parts.others) }, views };
  },
};

/** A number for each prior at its place [B, H, W, anchors]. */
const placed = (rows: Tensor, cls: Tensor, classes: number): Tensor => rows.reshape([...cls.shape.slice(0, 3), cls.cols / classes]);
