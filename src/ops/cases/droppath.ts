/** Stochastic depth beside the same draws. */
import { Live } from "../../engine/graph";
import { uniform } from "../../engine/random";
import { dropPath } from "../droppath";
import type { Check } from "../evidence";
import { randomScores } from "../select";

export const [batch, each, cols] = [6, 3, 5];

/** At most so many branches are left out. */
export const dropPathCase = (most: number): Check => ({
  inputs: { branch: { shape: [batch * each, cols], grad: true }, residual: { shape: [batch * each, cols], grad: true } },
  op: ({ branch, residual }, graph) => {
    const draws = randomScores(graph, [2, batch], { seed: 3, stream: 9, step: 4 });
    return dropPath(branch, residual, { draws: draws.slice(1, 2), most: new Live(most), share: 0.75 });
  },
  reference: ({ branch, residual }) => {
    const kept = (i: number) => uniform(3, 9, 4, batch + Math.floor(i / cols / each)) >= 0.75 * most;
    return [branch.map((v, i) => residual[i] + (kept(i) ? v / (1 - 0.75 * most) : 0))];
  },
});
