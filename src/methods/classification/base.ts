/**
 * Base losses that MaskedKD's mask goes with besides soft labels: what two vision transformers are alike in, inside.
 *
 * manifold   Hao et al., "Learning Efficient Vision Transformers via Fine-Grained Manifold Distillation", NeurIPS 2022: Gram
 *            matrices of unit tokens within images, between images and among random tokens, as means, as its code has them.
 * attention  Wang et al., "Attention Distillation: self-supervised vision transformer students need more guidance", 2022, as
 *            MaskedKD uses it: all blocks, equal factors. KL between the class tokens' attention, heads aggregated.
 *
 * How a mask meets them the paper does not say. Here whoever saw everything is compared at the tokens the other saw; attention
 * to those is made to sum to 1. Attention is not clamped.
 */
import { EngineError } from "../../engine/errors";
import type { Tensor } from "../../engine/graph";
import type { ViTResult } from "../../models/vit/model";
import { distillation, type Loss } from "../../ops/losses";
import { attentionLogits, type GramPair, gramLoss, unitRows } from "../../ops/relations";
import { gather, type RandomOptions, randomScores, topk } from "../../ops/select";

export const BASES = ["logit", "manifold", "attention"] as const;
export type Base = Exclude<(typeof BASES)[number], "logit">;

/** One of the two networks: what it made of the images, and, if the other saw less, what that was: u32 [B, k]. */
export interface Side {
  result: ViTResult;
  shared?: Tensor;
}

/** The base loss of a batch of images. Manifold wants every token of the last block. */
export function baseLoss(base: Base, student: Side, teacher: Side, random: Omit<RandomOptions, "stream">): Loss {
  if (tokensOf(student) !== tokensOf(teacher))
    throw new EngineError(`The loss "${base}" compares tokens one by one, but student and teacher cut images differently.`, "Use logit.");
  return base === "manifold" ? manifold(student, teacher, random) : attention(student, teacher);
}

const batchOf = ({ result }: Side) => result.logits.rows;
const tokensOf = ({ result, shared }: Side) => (shared ? 1 + shared.cols : result.attention[0].keys);

/** Weights of the three terms, and how many random tokens, in the published run. */
const WEIGHTS = { patch: 4, sample: 0.1, random: 0.2 };
const RANDOM_TOKENS = 192;
/** Blocks compared from either end. */
const ENDS = 4;
/** Tells these draws from other uses of the same seed. */
const STREAM = 0x210;

function manifold(student: Side, teacher: Side, random: Omit<RandomOptions, "stream">): Loss {
  const [batch, tokens] = [batchOf(student), tokensOf(student)];
  const rows = batch * tokens;
  const draws = randomScores(student.result.logits.graph, [1, rows], { ...random, stream: STREAM });
  const drawn = topk(draws, Math.min(RANDOM_TOKENS, rows));
  const pairs = ends(student.result.blocks.length, teacher.result.blocks.length);
  const compared = pairs.flatMap(([s, t]): GramPair[] => {
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
  const batch = result.logits.rows;
  return shared ? flat(gather(x.reshape([batch, x.rows / batch, x.cols]), shared, { keepFirst: true })) : x;
}

const flat = (x: Tensor) => x.reshape([x.rows, x.cols]);

/** Pairs of blocks: as many of the first and of the last as the shallower network has, up to four each. */
export function ends(student: number, teacher: number): [student: number, teacher: number][] {
  const count = Math.min(student, teacher, 2 * ENDS);
  const first = Math.ceil(count / 2);
  return Array.from({ length: count }, (_, i) => (i < first ? [i, i] : [student - count + i, teacher - count + i]));
}

/** Softens the aggregated heads. */
const AGGREGATION = 10;

function attention(student: Side, teacher: Side): Loss {
  const [ours, theirs] = [student.result.attention, teacher.result.attention];
  const partners = ours.map((_, l) => theirs[Math.max(0, Math.round(((l + 1) * theirs.length) / ours.length) - 1)]);
  const logits = (traces: typeof ours, { shared }: Side) => attentionLogits(traces, AGGREGATION, shared);
  return distillation(logits(ours, student), logits(partners, teacher), 1);
}
