/**
 * The families of vision transformers, each by how it differs from the plain ViT. To add one: a row here, its tensors in
 * `config.ts`, what it computes in `model.ts` and `reference.ts`, and other people's names in `layouts.ts`.
 */

export interface Family {
  /** What people call it. */
  label: string;
  /** A name under timm that only this family has. */
  mark?: RegExp;
  /** A distillation token follows the class token and has a head of its own; the answer is the mean of both heads'. */
  distilled?: true;
  /** Those two tokens share a head: it answers for the mean of both, normalised once more by `head_norm`. */
  oneHead?: true;
  /** The position embedding is of patches alone. */
  patchPositions?: true;
  /** A norm, `norm_pre`, before the first block. */
  normPre?: true;
  /** The answer comes from the mean of the patches, normalised by `fc_norm` instead of `norm`. */
  meanPool?: true;
  /** Heads talk to each other, and the class token comes in blocks of its own, after the others. */
  talking?: true;
  /** Each branch of a block is multiplied with learned factors before it is added. */
  layerScale?: true;
}

export const FAMILIES = {
  /** Dosovitskiy et al. 2021; Touvron et al., "Training data-efficient image transformers", 2021. */
  deit: { label: "ViT or DeiT" },
  /** The same paper, section 4. */
  "deit-distilled": { label: "distilled DeiT", mark: /^(dist_token$|head_dist\.)/, distilled: true },
  /** Touvron, Cord, Jegou, "DeiT III: Revenge of the ViT", 2022. */
  deit3: { label: "DeiT-III", mark: /^blocks\.\d+\.ls[12]\.gamma$/, patchPositions: true, layerScale: true },
  /** Touvron et al., "Going deeper with image transformers", 2021. After DeiT-III, whose mark its names have, too. */
  cait: { label: "CaiT", mark: /^blocks_token_only\./, patchPositions: true, layerScale: true, talking: true },
  /** He et al., "Masked autoencoders are scalable vision learners", 2022, as fine-tuned (models_vit.py, global_pool). */
  mae: { label: "fine-tuned MAE", mark: /^fc_norm\./, meanPool: true },
  /** Radford et al., "Learning transferable visual models from natural language supervision", 2021: the image tower. */
  clip: { label: "CLIP image tower", mark: /^norm_pre\./, normPre: true },
  /** Gong, Chung, Glass, "AST: audio spectrogram transformer", 2021 (ast_models.py). */
  ast: { label: "AST", mark: /^head_norm\./, distilled: true, oneHead: true },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof FAMILIES;

/** Those that a configuration names. */
export type Unlike = Exclude<FamilyName, "deit">;

/** Tokens before the patches: the class token, and the distillation token where there is one. */
export const leadOf = (config: { family?: FamilyName }): number => (familyOf(config).distilled ? 2 : 1);

/** The norm after the last block. */
export const lastNorm = (config: { family?: FamilyName }): string => (familyOf(config).meanPool ? "fc_norm" : "norm");

/** What distinguishes the network of a configuration; one that names no family is a plain ViT. */
export const familyOf = ({ family }: { family?: FamilyName }): Family => FAMILIES[family ?? "deit"];

/** The family that tensors under timm's names belong to, the last in the table that fits; undefined for a plain ViT. */
export function familyIn(names: Iterable<string>): Unlike | undefined {
  const all = [...names];
  const found = (Object.entries(FAMILIES) as [FamilyName, Family][]).findLast(
    ([, { mark }]) => mark && all.some((name) => mark.test(name)),
  );
  return found?.[0] as Unlike | undefined;
}

/** How many heads answer with classes. */
export function headsOf(config: { family?: FamilyName }): number {
  const { distilled, oneHead } = familyOf(config);
  return distilled && !oneHead ? 2 : 1;
}
