import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { check, randoms, testEngine } from "./check";
import { type DecoupledOptions, decoupledLoss, disagreement } from "./decoupling";
import { asOp } from "./losses.fixture";
import { softmax64 } from "./softmax.fixture";

const kl = (p: ArrayLike<number>, q: ArrayLike<number>) => Array.from(p).reduce((sum, v, i) => sum + v * Math.log(v / q[i]), 0);
const softmax = (z: number[]) => softmax64(Float64Array.from(z), z.length);

/** As the authors' code has it: the target gathered beside the rest, or the target left out before the softmax. */
function decoupled64(part: DecoupledOptions["part"], student: number[], teacher: number[], label: number, T: number): number {
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

test.for([
  { part: "target", T: 1, classes: 4 },
  { part: "target", T: 4, classes: 2 },
  { part: "others", T: 1, classes: 4 },
  { part: "others", T: 3, classes: 2 },
  { part: "target", T: 1, classes: 1 },
] as const)(
  "DKD's $part part of $classes classes at T = $T is the authors' formula, at rows with a target alone",
  async ({ part, T, classes }) => {
    // Two groups at a place. As many as classes mean background, more ignored.
    const labels = [0, classes, classes - 1, classes + 1, 0, classes, classes >> 1, 0];
    const shape = [2, 2, 2 * classes];
    const logits = (seed: number) => randoms(8 * classes, seed).map((v) => 3 * v);
    await check(await testEngine(), {
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
    });
  },
);

test("together they are plain distillation: KD = TCKD + (1 - p) NCKD, p the teacher's at the target", () => {
  const [s, t] = [3, 4].map((seed) => [...randoms(5, seed)].map((v) => 2 * v));
  const whole = kl(softmax(t), softmax(s));
  const parts = (["target", "others"] as const).map((part) => decoupled64(part, s, t, 3, 1));
  expect(parts[0] + (1 - softmax(t)[3]) * parts[1]).toBeCloseTo(whole, 12);
});

test("regions whose top class is not the whole map's weigh more, of several groups by their mean", async () => {
  const z = { shape: [2, 3, 4], data: [1, 0, 0, 1, 0, 1, 1, 0, 2, 1, 1, 2, 0, 3, 0, 3, 3, 0, 0, 3, 3, 0, 3, 0] };
  const whole = { shape: [2, 1, 4], data: [1, 0, 0, 1, 3, 0, 0, 3] };
  await check(await testEngine(), {
    inputs: { z, whole },
    op: ({ z, whole }) => disagreement(z, whole, 2, 2),
    reference: () => [[1, 2, 1, 1.5, 1, 1.5]],
  });
});

test("shapes that do not match are refused", async () => {
  const graph = new Graph(await testEngine());
  const [z, labels] = [graph.temp([2, 6]), graph.temp([4], "u32")];
  const options = { labels, classes: 3, part: "target", temperature: 1, normaliser: 1 } as const;
  expect(() => decoupledLoss(z, graph.temp([2, 3]), options)).toThrow("[2,6], [2,3]");
  expect(() => decoupledLoss(z, z, { ...options, classes: 2 })).toThrow("labels [4]");
  expect(() => disagreement(graph.temp([2, 3, 4]), graph.temp([2, 2, 4]), 2, 2)).toThrow("whole maps [2,2,4]");
});
