/** Logit distillation taken apart by target and other classes, and by regions that agree or not; see shaders/decoupling.wgsl. */
import type { Live, RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";
import { type Loss, sum } from "./losses";

export interface DecoupledOptions {
  /** u32, one for each K columns of the logits: the target class; rows with K or more do not count. */
  labels: Tensor;
  /** Classes K. */
  classes: number;
  /** "target": how likely the target is (TCKD). "others": how the rest is spread over the other classes (NCKD). */
  part: "target" | "others";
  temperature: number | Live;
  /** What the sum over rows is divided by. */
  normaliser: number | Live;
}

/**
 * One of the two parts of KL(teacher || student) T^2 at rows that have a target, KD = TCKD + (1 - p_target) NCKD, for logits
 * [.., groups K]. `rows` is what each row adds. The gradient reaches the student alone. Throws when shapes disagree.
 *
 * Zhao et al., "Decoupled knowledge distillation", CVPR 2022.
 */
export function decoupledLoss(student: Tensor, teacher: Tensor, o: DecoupledOptions): Loss & { rows: Tensor } {
  const { graph } = student;
  const rows = student.size / o.classes;
  if (teacher.size !== student.size || !Number.isInteger(rows) || o.labels.size !== rows || o.labels.dtype !== "u32")
    throw new Error(`decoupledLoss: [${student.shape}], [${teacher.shape}], ${o.classes} classes, labels [${o.labels.shape}]`);
  const constants = { OTHERS: o.part === "others" };
  const bind = { a: student, b: teacher, labels: o.labels };
  const params = { ...NOTHING, rows, classes: o.classes, cols: student.cols, temperature: o.temperature, normaliser: o.normaliser };
  const out = graph.temp([rows]);
  graph.launch("decoupling", "decoupled", { constants, bind: { ...bind, out }, params, threads: rows });
  const gradient = (weight: number | Live, previous?: RowGradient) => {
    const dz = graph.temp(student.shape);
    const add = plus(previous);
    graph.launch("decoupling", "decoupled_gradient", {
      constants: { ...constants, ...add.constants },
      bind: { ...bind, ...add.bind, out: dz },
      params: { ...params, ...add.params, weight },
      threads: rows,
    });
    return dz;
  };
  return {
    value: sum(out).value,
    rows: out,
    seed: (weight, grads) => grads.add(student, (previous) => gradient(weight, previous)),
  };
}

/**
 * For logits of regions [B, R, groups K] and of whole maps [B, 1, groups K]: 1 for each region whose top class is the whole map's, else
 * `weight`, [B, R]; of several groups (anchors) their mean. No gradient.
 *
 * Wei et al., "Scaled decoupled distillation", CVPR 2024: regions that contradict the global decision weigh 2.
 */
export function disagreement(z: Tensor, whole: Tensor, classes: number, weight: number | Live): Tensor {
  const [batch, regions, cols] = z.shape;
  const groups = cols / classes;
  if (String(whole.shape) !== String([batch, 1, cols]) || !Number.isInteger(groups))
    throw new Error(`disagreement: regions [${z.shape}], whole maps [${whole.shape}], ${classes} classes`);
  const out = z.graph.temp([batch, regions]);
  const params = { ...NOTHING, rows: out.size, classes, regions, groups, weight };
  z.graph.launch("decoupling", "disagreement", { bind: { a: z, b: whole, out }, params, threads: out.size });
  return out;
}

/** Parameters of an entry point that has no use for them. */
const NOTHING = {
  ...{ rows: 0, classes: 1, regions: 1, groups: 1, cols: 1 },
  ...{ temperature: 1, normaliser: 1, weight: 0, scale: 1 },
  ...plus().params,
};
