/** How hard each term of a loss pulls: the norm of its gradient at the student's pyramid. */
import type { Graph, Live, Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { Loss } from "../../ops/losses";

/** One term of the loss, what it is multiplied with, and whether it is the detector's own. */
export interface LossTerm {
  name: string;
  loss: Loss;
  weight: number | Live;
  own: boolean;
}

/** How hard a term pulls, its weight aside, in each batch measured and on each level. */
export interface Pull {
  name: string;
  own: boolean;
  weight: number;
  norms: number[][];
}

/** How hard all terms pull, and how many positives the detector has in each batch and on each level. */
export interface MeasuredPulls {
  terms: Pull[];
  positives: (readonly number[])[];
}

export interface PullsOptions {
  terms: readonly LossTerm[];
  /** Level by level, finest first; the maps of a second pass follow those of the first. */
  pyramid: readonly Tensor[];
  levels: number;
  /** Steps whose batches are measured. */
  steps: readonly number[];
  /** Uploads what a step sees; returns the detector's positives on each level. */
  load(step: number): readonly number[];
}

/** Differentiates each term by itself, with the weight 1. */
export async function measurePulls(graph: Graph, { terms, pyramid, levels, steps, load }: PullsOptions): Promise<MeasuredPulls> {
  const program = await Program.compile(graph, Object.assign({}, ...terms.map((term) => gradientsOf(graph, term, pyramid))));
  const found = terms.map(({ name, own, weight }): Pull => ({ name, own, weight: numberOf(weight), norms: [] }));
  const positives: MeasuredPulls["positives"] = [];
  try {
    for (const step of steps) {
      positives.push(load(step));
      const out = await program.fetch();
      const maps = (name: string, level: number) => pyramid.flatMap((_, i) => (i % levels === level ? [out[`${name} ${i}`]] : []));
      for (const { name, norms } of found) norms.push(Array.from({ length: levels }, (_, level) => norm(maps(name, level))));
    }
  } finally {
    program.dispose();
  }
  return { terms: found, positives };
}

/** A term's gradients by its name and the place in the pyramid. */
function gradientsOf(graph: Graph, { name, loss }: LossTerm, pyramid: readonly Tensor[]): Record<string, Tensor> {
  const grads = graph.gradients((g) => loss.seed(1, g));
  const there = pyramid.flatMap((level, l) => {
    const gradient = grads.of(level);
    return gradient ? [[`${name} ${l}`, gradient] as const] : [];
  });
  return Object.fromEntries(there);
}

const numberOf = (weight: number | Live): number => (typeof weight === "number" ? weight : weight.value);

function norm(tensors: (ArrayLike<number> | undefined)[]): number {
  let sum = 0;
  for (const values of tensors) for (let i = 0; i < (values?.length ?? 0); i++) sum += values![i] ** 2;
  return Math.sqrt(sum);
}
