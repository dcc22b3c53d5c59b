/**
 * Manifold distillation between two transformers: Gram matrices of unit tokens within images, between images and among random
 * tokens, as means, as its code has them.
 *
 * Hao et al., "Learning Efficient Vision Transformers via Fine-Grained Manifold Distillation", NeurIPS 2022. How it goes with a mask
 * the MaskedKD paper does not say. Here the network that saw everything is compared at the tokens that the other saw.
 */
import type { Tensor } from "../engine/graph";
import type { Loss } from "../ops/losses";
import { type GramPair, gramLoss, unitRows } from "../ops/relations";
import { gather, type RandomOptions, randomScores, topk } from "../ops/select";
import { assertSameTokens, batchOf, type Side, tokensOf } from "./tokens";

/** Weights of the three terms, and how many random tokens, in the published run. */
const WEIGHTS = { patch: 4, sample: 0.1, random: 0.2 };
const RANDOM_TOKENS = 192;
/** Blocks compared from either end. */
const ENDS = 4;
/** Keeps these draws apart from other uses of the same seed; each pair of blocks may have a stream of its own from here on. */
const STREAM = 0x210;

export interface GramOptions extends Omit<RandomOptions, "stream"> {
  /** Draw the random tokens of each pair of blocks anew, as the published code does, and not once for all. */
  perPair?: boolean;
}

/** The three terms of a batch, weighted as in the published run. Every token of the last block has to be there. */
export function gramLosses(student: Side, teacher: Side, { perPair = false, ...random }: GramOptions): Loss {
  assertSameTokens("manifold", student, teacher);
  const [batch, tokens] = [batchOf(student), tokensOf(student)];
  const rows = batch * tokens;
  const { graph } = student.result.blocks[0];
  const draw = (pair: number) => topk(randomScores(graph, [1, rows], { ...random, stream: STREAM + pair }), Math.min(RANDOM_TOKENS, rows));
  const forAll = draw(0);
  const pairs = ends(student.result.blocks.length, teacher.result.blocks.length);
  const compared = pairs.flatMap(([s, t], pair): GramPair[] => {
    const drawn = perPair && pair > 0 ? draw(pair) : forAll;
    const ours = unitRows(block(student, s));
    const theirs = unitRows(block(teacher, t));
    const some = (x: Tensor) => flat(gather(x.reshape([1, rows, x.cols]), drawn));
    return [
      { student: ours, teacher: theirs, groups: batch, factor: WEIGHTS.patch / pairs.length },
      { student: ours, teacher: theirs, groups: tokens, across: true, factor: WEIGHTS.sample / pairs.length },
      { student: some(ours), teacher: some(theirs), groups: 1, factor: WEIGHTS.random / pairs.length },
    ];
  });
  return gramLoss(compared);
}

/** The output of block i at the shared tokens, [B * tokens, width]. */
function block({ result, shared }: Side, i: number): Tensor {
  const x = result.blocks[i];
  const { batch } = result.attention[0];
  return shared ? flat(gather(x.reshape([batch, x.rows / batch, x.cols]), shared, { keepFirst: true })) : x;
}

const flat = (x: Tensor) => x.reshape([x.rows, x.cols]);

/** Pairs of blocks: as many of the first and of the last as the shallower network has, up to four each. */
export function ends(student: number, teacher: number): [student: number, teacher: number][] {
  const count = Math.min(student, teacher, 2 * ENDS);
  const first = Math.ceil(count / 2);
  return Array.from({ length: count }, (_, i) => (i < first ? [i, i] : [student - count + i, teacher - count + i]));
}
