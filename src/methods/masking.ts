/**
 * MaskedKD's mask, whatever the task: the student's attention selects the patches its teacher sees.
 *
 * Son et al., "The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers", ECCV 2024.
 * score_i = mean over heads of the last block's class-token attention to patch i; the teacher receives the class token
 * and the k patches of highest score. No gradient flows through the score or the choice.
 */
import { EngineError } from "../engine/errors";
import type { Live, Tensor } from "../engine/graph";
import type { Features, Grid } from "../models/model";
import type { SaliencyOptions } from "../ops/attention";
import { resize } from "../ops/resize";
import { promote, randomScores, topk } from "../ops/select";

/** Which network's attention scores the patches ("draws": random numbers do), and how the scores are used. */
interface Rule {
  scorer: "student" | "teacher" | "guide" | "draws";
  order?: "bottom";
  late?: true;
}

/**
 * The ways to choose. "student" is the method; "teacher" needs an extra full pass of the teacher; "guide" uses another
 * frozen network, such as a self-supervised one; "random" draws afresh every step; "bottom" keeps the k patches the student
 * attends to least (Table 6c). The two of late randomness draw a fifth of the k from the rest in the second half of a run;
 * with a guide that is the paper's DINO+Random (Table 5).
 */
const RULES = {
  student: { scorer: "student" },
  teacher: { scorer: "teacher" },
  guide: { scorer: "guide" },
  random: { scorer: "draws" },
  bottom: { scorer: "student", order: "bottom" },
  "late-random": { scorer: "student", late: true },
  "guide-late-random": { scorer: "guide", late: true },
} as const satisfies Record<string, Rule>;

export type Criterion = keyof typeof RULES;
export const CRITERIA = Object.keys(RULES) as [Criterion, ...Criterion[]];

/** Those that need no network besides the student. */
export const ownCriteria = CRITERIA.filter((name) => ["student", "draws"].includes(RULES[name].scorer));

/** Whose attention a criterion reads; "draws" where chance chooses. */
export const scorerOf = (criterion: Criterion = "student"): Rule["scorer"] => RULES[criterion].scorer;

/** Whether a criterion needs a guide: a network that is neither student nor teacher. */
export const asksGuide = (criterion: Criterion): boolean => scorerOf(criterion) === "guide";

/** Whether chance has a part in a criterion: an image's patches then differ from step to step. */
export function isByChance(criterion: Criterion): boolean {
  const rule: Rule = RULES[criterion];
  return rule.scorer === "draws" || rule.late === true;
}

/** Which patches are shown. */
export interface PatchChoice extends Pick<SaliencyOptions, "queries"> {
  /** What the softmax of the scores runs over. */
  softmaxOver?: SaliencyOptions["reading"];
  /** Number of patches k; all N of them skips the choice. */
  k: number;
  criterion?: Criterion;
  /** Block of the student whose attention is read, from 1; 0, and any number past the last, means the last. */
  block?: number;
  /** Source of random choices; `step` moves on between runs. */
  random?: { seed: number; step: Live | number };
  /** With late randomness: how many of the k are those of highest score. */
  highest?: number | Live;
}

/** What is shown of each image. */
export interface Choice {
  /** u32 [B, k], absent when everything is shown. */
  kept?: Tensor;
  /** [B, N], absent when everything is shown. */
  score?: Tensor;
}

/** Keeps the random choices of patches apart from other uses of the same seed. */
const STREAM = { random: 0x200, late: 0x201 };

/** Share of the kept patches that late randomness still takes by score: 78 of 98. */
const STILL_HIGHEST = 0.8;

/** How many of k patches late randomness takes by score at `step` (from 0) of `steps`: all, and fewer in the second half. */
export function highestOf(k: number, step: number, steps: number): number {
  return 2 * step < steps ? k : Math.round(STILL_HIGHEST * k);
}

/** The block whose attention is read, from 1, of a network of `depth`. */
export const blockOf = ({ block = 0 }: PatchChoice, depth: number): number => (block === 0 ? depth : Math.min(block, depth));

/** Networks besides the student whose attention may be used. Calling one runs a forward pass on whole images. */
export type Others = Partial<Record<"teacher" | "guide", () => Features>>;

/**
 * Selects patches of a grid for each of `batch` images; `seen` is the student's output on whole images. Throws an EngineError
 * where the criterion needs a network that is not there.
 */
export function select(batch: number, seen: Features, grid: Grid, keep: PatchChoice, others: Others = {}): Choice {
  const count = grid[0] * grid[1];
  if (keep.k >= count) return {};
  const { graph } = seen.logits;
  const rule: Rule = RULES[keep.criterion ?? "student"];
  const { random = { seed: 0, step: 0 }, highest = keep.k } = keep;
  const draws = (stream: number) => randomScores(graph, [batch, count], { ...random, stream });
  const score = rule.scorer === "draws" ? draws(STREAM.random) : attended(rule.scorer, seen, grid, keep, others);
  const ranked = rule.late ? promote(score, draws(STREAM.late), highest) : score;
  return { kept: topk(ranked, keep.k, { order: rule.order }), score };
}

/**
 * The scores [B, N] that the criterion ranks the patches of a grid by, for pictures: also where all of them are shown and none is
 * chosen. Undefined where chance chooses, or a network is asked that is not there.
 */
export function ranking(seen: Features, grid: Grid, keep: PatchChoice, others: Others = {}): Tensor | undefined {
  const scorer = scorerOf(keep.criterion);
  const known = scorer === "student" || (scorer !== "draws" && others[scorer]);
  return known ? attended(scorer, seen, grid, keep, others) : undefined;
}

/** The attention that each patch of `grid` receives, [B, N]. */
function attended(scorer: "student" | "teacher" | "guide", seen: Features, grid: Grid, keep: PatchChoice, others: Others): Tensor {
  const options = { queries: keep.queries, reading: keep.softmaxOver };
  if (scorer === "student") return onGrid(seen.saliency({ ...options, block: blockOf(keep, seen.blocks.length) }), seen.grid, grid);
  const other = others[scorer]?.();
  if (!other)
    throw new EngineError(`There is no ${scorer} to choose the patches.`, `Load a network as the ${scorer}, or choose by another.`);
  return onGrid(other.saliency(options), other.grid, grid);
}

/** Scores of one grid of patches, resized bilinearly to another. */
function onGrid(score: Tensor, from: Grid, to: Grid): Tensor {
  if (from[0] === to[0] && from[1] === to[1]) return score;
  return resize(score.reshape([score.rows, ...from]), to).reshape([score.rows, to[0] * to[1]]);
}
