/** Norms over channels beside their definition. */
import { batchNorm, groupNorm, standardise } from "../channelnorm";
import { type Check, randoms } from "../evidence";
import { add } from "../maps";

const EPS = 1e-5;

interface Norm64 {
  shape: number[];
  /** Which set of statistics an element belongs to. */
  set(image: number, channel: number): number;
  weight?(image: number, row: number, column: number): number;
  relu?: boolean;
  /** Running statistics that stand in for the measured ones. */
  given?: { mean: ArrayLike<number>; variance: ArrayLike<number> };
}

/** By the definition: collect each set, take its mean and variance. */
export function moments64(
  x: ArrayLike<number>,
  { shape, set, weight = () => 1 }: Norm64,
): Map<number, { mean: number; variance: number; n: number }> {
  const [, h, w, cols] = shape;
  const sets = new Map<number, { value: number; weight: number }[]>();
  for (let i = 0; i < x.length; i++) {
    const pixel = Math.floor(i / cols);
    const image = Math.floor(pixel / w / h);
    const key = set(image, i % cols);
    const entry = { value: x[i], weight: weight(image, Math.floor(pixel / w) % h, pixel % w) };
    sets.set(key, [...(sets.get(key) ?? []), entry]);
  }
  const average = (list: { value: number; weight: number }[], of: (v: number) => number) =>
    list.reduce((sum, e) => sum + e.weight * of(e.value), 0) / list.reduce((sum, e) => sum + e.weight, 0);
  return new Map(
    [...sets].map(([key, list]) => {
      const mean = average(list, (v) => v);
      return [key, { mean, variance: average(list, (v) => (v - mean) ** 2), n: list.reduce((sum, e) => sum + e.weight, 0) }];
    }),
  );
}

export function norm64(x: ArrayLike<number>, gamma: ArrayLike<number>, beta: ArrayLike<number>, o: Norm64): Float64Array {
  const [, h, w, cols] = o.shape;
  const sets = o.given ? undefined : moments64(x, o);
  return Float64Array.from({ length: x.length }, (_, i) => {
    const c = i % cols;
    const { mean, variance } = sets?.get(o.set(Math.floor(i / cols / w / h), c)) ?? {
      mean: o.given?.mean[c] ?? 0,
      variance: o.given?.variance[c] ?? 0,
    };
    const y = ((x[i] - mean) / Math.sqrt(variance + EPS)) * gamma[c] + beta[c];
    return o.relu ? Math.max(y, 0) : y;
  });
}

export const parameters = (cols: number) => ({ gamma: { shape: [cols], grad: true }, beta: { shape: [cols], grad: true } });

export function groupNormCase(shape: number[], groups: number, relu: boolean): Check {
  const cols = shape[3];
  return {
    inputs: { x: { shape, grad: true }, ...parameters(cols) },
    op: ({ x, gamma, beta }) => groupNorm(x, gamma, beta, { groups, relu }),
    reference: ({ x, gamma, beta }) => {
      const set = (image: number, c: number) => image * groups + Math.floor((c * groups) / cols);
      return [norm64(x, gamma, beta, { shape, set, relu })];
    },
    tolerance: 2e-5,
  };
}

export function batchNormCase(shape: number[], training: boolean, relu: boolean): Check {
  const cols = shape[3];
  const running = { mean: { shape: [cols] }, variance: { shape: [cols], data: randoms(cols, 3).map((v) => 1.2 + v) } };
  return {
    inputs: { x: { shape, grad: true }, ...parameters(cols), ...running },
    op: ({ x, gamma, beta, mean, variance }) => batchNorm(x, gamma, beta, { mean, variance, training, relu }),
    reference: ({ x, gamma, beta, mean, variance }) => [
      norm64(x, gamma, beta, { shape, set: (_, c) => c, relu, ...(!training && { given: { mean, variance } }) }),
    ],
    tolerance: 2e-5,
  };
}

export function standardiseCase(shape: number[], unbiased: boolean): Check {
  const ofChannel = { shape, set: (_: number, c: number) => c };
  return {
    inputs: { x: { shape, grad: true } },
    op: ({ x }) => add(standardise(x, { unbiased }), x),
    reference: ({ x }) => {
      const sets = moments64(x, ofChannel);
      return [
        x.map((v, i) => {
          const { mean, variance, n } = sets.get(i % shape[3]) as { mean: number; variance: number; n: number };
          return (v - mean) / (Math.sqrt((variance * n) / (unbiased ? n - 1 : n)) + 1e-6) + v;
        }),
      ];
    },
    tolerance: 2e-5,
  };
}
