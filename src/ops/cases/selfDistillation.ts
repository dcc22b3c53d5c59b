/** DINO's loss beside its definition, pair by pair. */
import { type Check, randoms } from "../evidence";
import { asOp } from "../losses.fixture";
import { blend, centredProbabilities, rowsMean, viewLoss } from "../selfDistillation";
import { centred64, viewLoss64 } from "../selfDistillation.fixture";

export const [BATCH, K] = [3, 7];

export const [COLD, COOL] = [0.04, 0.1];

export const probabilities64 = (z: ArrayLike<number>, centre: ArrayLike<number>) => centred64(z, centre, COLD);

export const loss64 = (student: ArrayLike<number>, q: Float64Array, outputs = K) =>
  viewLoss64(student, q, { batch: BATCH, outputs, temperature: COOL });

export const logits = (views: number, outputs = K) => ({
  ...{ shape: [views * BATCH, outputs], data: randoms(views * BATCH * outputs, views).map((v) => v / 4) },
});

/** Of two views and others. */
export const viewLossCase = (others: number, outputs = K): Check => ({
  inputs: {
    whole: { ...logits(2, outputs), grad: true },
    ...(others > 0 && { parts: { ...logits(others, outputs), grad: true } }),
    teacher: logits(2, outputs),
    centre: { shape: [outputs] },
  },
  op: ({ whole, parts, teacher, centre }, graph) => {
    const { probabilities } = centredProbabilities(teacher, centre, COLD);
    const loss = viewLoss(parts ? [whole, parts] : [whole], probabilities, { batch: BATCH, temperature: COOL });
    return asOp(graph, loss);
  },
  reference: ({ whole, parts = new Float64Array(), teacher, centre }) => [
    [loss64([...whole, ...parts], probabilities64(teacher, centre), outputs).value],
  ],
});

/** Centred, sharpened, and their entropies. */
export const probabilitiesCase = (outputs = K): Check => ({
  inputs: { z: { shape: [4, outputs] }, centre: { shape: [outputs] } },
  op: ({ z, centre }) => {
    const { probabilities, entropies } = centredProbabilities(z, centre, COLD);
    return [probabilities, entropies];
  },
  reference: ({ z, centre }) => {
    const q = probabilities64(z, centre);
    const entropy = (row: Float64Array) => -row.reduce((sum, v) => sum + (v && v * Math.log(v)), 0);
    return [q, Array.from({ length: 4 }, (_, r) => entropy(q.subarray(r * outputs, (r + 1) * outputs)))];
  },
});

/** The running mean of a vector and the mean of rows, which takes its place. */
export const blendCase = (): Check => ({
  inputs: { into: { shape: [K], whole: true }, x: { shape: [5, K] } },
  op: ({ into, x }) => {
    blend(into, rowsMean(x), 0.75);
    return into;
  },
  reference: ({ into, x }) => [into.map((v, c) => 0.75 * v + 0.25 * [0, 1, 2, 3, 4].reduce((sum, r) => sum + x[r * K + c] / 5, 0))],
});
