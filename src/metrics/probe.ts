/** A linear probe: a linear classifier learns on features that stay as they are. */
import { uniform } from "../engine/random";
import type { Labelled } from "./knn";

/** How the classifier learns. */
const EPOCHS = 40;
const BATCH = 64;
const RATE = 0.05;
const MOMENTUM = 0.9;
/** Keeps the order of the images apart from other uses of a seed. */
const STREAM = 0x230;

/**
 * The class that a linear classifier gives each of `queries` after it has learned on `bank`: softmax regression by SGD with momentum
 * 0.9, no weight decay, a learning rate that falls along half a cosine; weights start at 0. Each feature is brought to mean 0 and
 * variance 1 over the bank first. As eval_linear.py of DINO but for that and for the epochs (100 there, on crops of the images).
 */
export function linearProbe(bank: Labelled, queries: Labelled, classes: number): Uint32Array {
  const scale = standard(bank);
  const [known, asked] = [scale(bank.features), scale(queries.features)];
  const probe = new Probe(bank.width, classes);
  const count = bank.labels.length;
  const steps = EPOCHS * Math.ceil(count / BATCH);
  for (let step = 0; step < steps; step++) {
    const rows = Array.from({ length: Math.min(BATCH, count) }, (_, i) => Math.floor(uniform(0, STREAM, step, i) * count));
    probe.learn(known, bank.labels, rows, RATE * 0.5 * (1 + Math.cos((Math.PI * step) / steps)));
  }
  return Uint32Array.from({ length: queries.labels.length }, (_, row) => {
    const answer = probe.answer(asked, row);
    return answer.indexOf(Math.max(...answer));
  });
}

class Probe {
  private readonly weights: Float64Array;
  private readonly moments: Float64Array;

  constructor(
    private readonly width: number,
    private readonly classes: number,
  ) {
    // The last column is the bias.
    this.weights = new Float64Array(classes * (width + 1));
    this.moments = new Float64Array(this.weights.length);
  }

  /** Logits of a row. */
  answer(features: Float32Array, row: number): number[] {
    const { width, weights } = this;
    return Array.from({ length: this.classes }, (_, c) => {
      let sum = weights[c * (width + 1) + width];
      for (let i = 0; i < width; i++) sum += weights[c * (width + 1) + i] * features[row * width + i];
      return sum;
    });
  }

  /** One step on the mean cross-entropy of some rows. */
  learn(features: Float32Array, labels: ArrayLike<number>, rows: number[], rate: number): void {
    const { width, weights, moments } = this;
    const gradient = new Float64Array(weights.length);
    for (const row of rows) {
      const logits = this.answer(features, row);
      const most = Math.max(...logits);
      const exps = logits.map((z) => Math.exp(z - most));
      const sum = exps.reduce((a, b) => a + b, 0);
      for (const [c, e] of exps.entries()) {
        const g = (e / sum - Number(labels[row] === c)) / rows.length;
        for (let i = 0; i < width; i++) gradient[c * (width + 1) + i] += g * features[row * width + i];
        gradient[c * (width + 1) + width] += g;
      }
    }
    for (let i = 0; i < weights.length; i++) {
      moments[i] = MOMENTUM * moments[i] + gradient[i];
      weights[i] -= rate * moments[i];
    }
  }
}

/** Brings features to mean 0 and variance 1 over the rows given; a feature that is constant there becomes 0. */
function standard({ features, width }: Labelled): (values: Float32Array) => Float32Array {
  const rows = features.length / width;
  const sums = new Float64Array(2 * width);
  for (const [i, v] of features.entries()) {
    sums[i % width] += v / rows;
    sums[width + (i % width)] += (v * v) / rows;
  }
  const deviation = (i: number) => Math.sqrt(Math.max(0, sums[width + i] - sums[i] ** 2));
  const gains = Float64Array.from({ length: width }, (_, i) => (deviation(i) > 1e-6 ? 1 / deviation(i) : 0));
  return (values) => values.map((v, i) => (v - sums[i % width]) * gains[i % width]);
}
