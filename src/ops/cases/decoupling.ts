/** DKD's parts beside the authors' formula. */
import { type DecoupledOptions, decoupledLoss, disagreement } from "../decoupling";
import { type Check, randoms } from "../evidence";
import { asOp } from "../losses.fixture";
import { softmax64 } from "../softmax.fixture";

export const kl = (p: ArrayLike<number>, q: ArrayLike<number>) => Array.from(p).reduce((sum, v, i) => sum + v * Math.log(v / q[i]), 0);

export const softmax = (z: number[]) => softmax64(Float64Array.from(z), z.length);

/** As the authors' code has it: the target gathered beside the rest, or the target left out before the softmax. */
export function decoupled64(part: DecoupledOptions["part"], student: number[], teacher: number[], label: number, T: number): number {
  if (label >= student.length || student.length < 2) return 0;
  const of = (z: number[]) => {
    const cooled = z.map((v) => v / T);
    const p = softmax(cooled)[label];
    return part === "target" ? [p, 1 - p] : softmax(cooled.filter((_, c) => c !== label));
  };
  return T * T * kl(of(teacher), of(student));
}

const rowsOf = (z: ArrayLike<number>, classes: number): number[][] =>
  Array.from({ length: z.length / classes }, (_, r) => Array.from({ length: classes }, (_, c) => z[r * classes + c]));

/** At rows with a target alone: two groups at a place, as many as classes mean background, more ignored. */
export function decoupledCase(part: DecoupledOptions["part"], T: number, classes: number): Check {
  const labels = [0, classes, classes - 1, classes + 1, 0, classes, classes >> 1, 0];
  const shape = [2, 2, 2 * classes];
  const logits = (seed: number) => randoms(8 * classes, seed).map((v) => 3 * v);
  return {
    inputs: {
      student: { shape, grad: true, data: logits(1) },
      teacher: { shape, data: logits(2) },
      labels: { shape: [8], dtype: "u32", data: labels },
    },
    op: ({ student, teacher, labels }, graph) => {
      const loss = decoupledLoss(student, teacher, { labels, classes, part, temperature: T, normaliser: 5 });
      // The second gradient is added to the first.
      return asOp(graph, loss, decoupledLoss(student, teacher, { labels, classes, part, temperature: T, normaliser: 1e12 }));
    },
    reference: ({ student, teacher }) => {
      const [s, t] = [student, teacher].map((z) => rowsOf(z, classes));
      const terms = s.map((row, r) => decoupled64(part, row, t[r], labels[r], T) / 5);
      return [[terms.reduce((a, b) => a + b)]];
    },
  };
}

/** Regions whose top class is not the whole map's weigh more, of several groups by their mean. */
export const disagreementCase = (): Check => ({
  inputs: {
    z: { shape: [2, 3, 4], data: [1, 0, 0, 1, 0, 1, 1, 0, 2, 1, 1, 2, 0, 3, 0, 3, 3, 0, 0, 3, 3, 0, 3, 0] },
    whole: { shape: [2, 1, 4], data: [1, 0, 0, 1, 3, 0, 0, 3] },
  },
  op: ({ z, whole }) => disagreement(z, whole, 2, 2),
  reference: () => [[1, 2, 1, 1.5, 1, 1.5]],
});
