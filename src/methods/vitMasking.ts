/**
 * MaskedKD's mask between two vision transformers. A step calls, in this order: `forwardStudent`, `selectPatches`,
 * `forwardTeacher`.
 */
import type { Tensor } from "../engine/graph";
import type { Grid } from "../models/model";
import type { Bound, Params } from "../models/params";
import { gridOf, imageShape, type ViTConfig } from "../models/vit/config";
import { type ViTOptions, type ViTResult, vit } from "../models/vit/model";
import { resize } from "../ops/resize";
import { blockOf, type Choice, type Others, type PatchChoice, ranking, select } from "./masking";

/** A frozen network. */
export interface Network {
  params: Params;
  config: ViTConfig;
}

/** Which patches are shown, and to whom. */
export interface KeepChoice extends PatchChoice {
  /**
   * Who sees only those. With "student" the teacher sees everything: Fig. 6 does not say how its patches are chosen; here
   * by the same criteria, from a pass of the whole image that sends no gradient.
   */
  masked?: "teacher" | "student";
  /** Whose attention the criteria of a guide read. */
  guide?: Network;
  /** Tokens that each block of the teacher merges with others that are alike (ToMe), after the mask; 0 by default. */
  merge?: number;
}

/** The student sees whole images, and computes as much as the choice reads, or every token of its last block. */
export function forwardStudent(
  student: { params: Bound; config: ViTConfig },
  images: Tensor,
  keep?: KeepChoice,
  options: Pick<ViTOptions, "allTokens" | "dropPath" | "recompute"> = {},
): ViTResult {
  const { params, config } = student;
  const reads = keep?.queries === "patches" && blockOf(keep, config.depth) === config.depth;
  return vit(params, config, images, { ...options, allTokens: options.allTokens || reads });
}

interface Pair {
  student: { config: ViTConfig };
  teacher: Network;
}

/** Rows and columns of patches of the network that is masked. */
export function maskedGrid({ student, teacher }: Pair, { masked }: Pick<KeepChoice, "masked">): Grid {
  return gridOf((masked === "student" ? student : teacher).config);
}

/** Selects the patches of `images` that are shown; `seen` is the student's output on whole images. */
export function selectPatches(pair: Pair, images: Tensor, seen: ViTResult, keep: KeepChoice): Choice {
  return select(images.shape[0], seen, maskedGrid(pair, keep), keep, othersOf(pair.teacher, images, keep));
}

/** The scores [B, N] that patches are ranked by, of the student's own patches where there is no teacher; see `ranking`. */
export function patchScores(
  { student, teacher }: Pick<Pair, "student"> & Partial<Pair>,
  images: Tensor,
  seen: ViTResult,
  keep: KeepChoice,
): Tensor | undefined {
  const grid = teacher ? maskedGrid({ student, teacher }, keep) : gridOf(student.config);
  return ranking(seen, grid, keep, othersOf(teacher, images, keep));
}

/** Whole images, as the teacher and the guide would see them. */
function othersOf(teacher: Network | undefined, images: Tensor, { guide, queries }: KeepChoice): Others {
  const whole = (network?: Network) => network && (() => forwardTeacher(network, images, { allTokens: queries === "patches" }));
  return { teacher: whole(teacher), guide: whole(guide) };
}

/** Output of a frozen network on (some patches of) the images, resized to the size it was trained for. */
export function forwardTeacher(
  { params, config }: Network,
  images: Tensor,
  options: Pick<ViTOptions, "kept" | "allTokens" | "merge"> = {},
): ViTResult {
  const [, rows, columns] = imageShape(config);
  const fits = images.shape[2] === rows && images.shape[3] === columns;
  const fitting = fits ? images : resize(images, [rows, columns]);
  return vit(params.on(images.graph, false), config, fitting, options);
}
