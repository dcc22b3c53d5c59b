/** Settings of classification: a vision transformer that learns to name images from a masked teacher. */
import { BASE_LOSSES } from "../../methods/classification";
import { CRITERIA } from "../../methods/masking";
import { FAMILIES, type FamilyName } from "../../models/vit/families";
import type { Settings } from "../../settings/run";
import { choice, number, scoped, type Table, type ValuesOf } from "../../settings/setting";
import { ATTENTION_SETTINGS, keepSetting } from "../maskSettings";

type BaseLoss = keyof typeof BASE_LOSSES;
const BASES = Object.keys(BASE_LOSSES) as BaseLoss[];

/** Without those of base losses. */
export const OWN = {
  side: number({
    label: "Image side",
    help: "Pixels along an edge. Images of any size are cut square and resized to it.",
    ...{ default: 32, min: 8, max: 512, integer: true, when: "next", group: "data" },
  }),
  keep: keepSetting(0.5),
  criterion: choice({
    label: "Chosen by",
    help: "student: its own attention (the method). teacher: an extra full pass. guide: another loaded network, such as a self-supervised one. random: afresh each step. bottom: what the student attends to least. late-random: as student or guide, but in the second half of the run a fifth of them at random from the rest.",
    ...{ default: "student", options: CRITERIA, when: "live", records: true, group: "mask", essential: true },
  }),
  ...ATTENTION_SETTINGS,
  block: number({
    label: "Attention in block",
    help: "Block of the student whose attention is read, counted from 1. 0 is the last (the method). Teacher and guide always use their last.",
    ...{ default: 0, min: 0, max: 24, integer: true, when: "live", records: true, group: "mask" },
  }),
  masked: choice({
    label: "Who is masked",
    help: "teacher: it sees only the chosen patches (the method). student: the teacher sees everything, the student learns from the chosen patches. Our reading: the paper does not say how those are chosen; here by the same rules, from a pass of the whole image.",
    ...{ default: "teacher", options: ["teacher", "student"], when: "live", records: true, group: "mask" },
  }),
  tome: number({
    label: "Tokens merged per block",
    help: "Token merging (ToMe): after each attention the teacher makes one of so many pairs of tokens that are alike, at most of half of them. 0 merges none. The mask acts before; keep all patches to see merging alone.",
    ...{ default: 0, min: 0, max: 200, integer: true, when: "live", records: true, group: "mask" },
  }),
  base: choice({
    label: "Base loss",
    help: "logit: soft labels alone. manifold: also how alike tokens are, within and between images. attention: also whom the class token attends to, in all blocks. hard: the teacher's decision as a second label instead of soft labels (DeiT).",
    ...{ default: "logit", options: ["logit", ...BASES], when: "live", records: true, group: "loss" },
  }),
  labels: number({
    label: "Weight of the labels",
    help: "Weight of the loss on the true labels. 0 leaves them out, as manifold distillation's published run does. Without a teacher they count in full.",
    ...{ default: 1, min: 0, max: 1, when: "live", group: "loss" },
  }),
  smoothing: number({
    label: "Label smoothing",
    help: "Share of each true label spread over all classes.",
    ...{ default: 0, min: 0, max: 0.5, when: "live", group: "loss" },
  }),
  dropPath: number({
    label: "Drop path",
    help: "Share of the images for which the student's last block leaves out a branch while learning; earlier blocks do so less often. DeiT uses 0.1.",
    ...{ default: 0, min: 0, max: 0.5, when: "live", records: true, group: "student" },
  }),
  family: choice({
    label: "Student family",
    help: "deit: the plain vision transformer. deit-distilled: a second token with a head of its own learns from the teacher, and both heads are averaged; a student that begins as an encoder without a head gains them. cait: heads talk to each other, branches are scaled, and the class token comes in two blocks of its own at the end. deit3: learned factors scale each branch (layer scale), and the class token has no position. mae: the answer comes from the mean of all patches, as of fine-tuned masked autoencoders. clip: a norm before the first block, and quick GELU. ast: a second token beside the class token, and one head that answers for the mean of both, as audio's transformer has it.",
    ...{ default: "deit", options: Object.keys(FAMILIES) as FamilyName[], when: "next", group: "student" },
  }),
  frozen: choice({
    label: "Frozen features",
    help: "on: only the head learns (Table 8); blocks, positions and norms stay as they begin, so the student's part of a step needs no backward pass. With augment=none, and neither drop path nor chance, masks, features and the teacher's answers are computed in the first epoch only. Begin from a trained network then.",
    // Not of the student's group: a teacher that is trained here takes over that group's settings.
    ...{ default: "off", options: ["off", "on"], when: "next", group: "run" },
  }),
  patch: number({
    label: "Student patch",
    help: "Pixels along an edge of the student's patches; has to divide the image side. 0: the teacher's, or an eighth of the side. The teacher's may differ: scores are resized to its grid.",
    ...{ default: 0, min: 0, max: 64, integer: true, when: "next", group: "student" },
  }),
  width: number({
    label: "Student width",
    help: "Numbers per token; a multiple of the heads.",
    ...{ default: 48, min: 8, max: 1024, integer: true, when: "next", group: "student" },
  }),
  depth: number({
    label: "Student blocks",
    help: "Transformer blocks.",
    ...{ default: 3, min: 1, max: 24, integer: true, when: "next", group: "student" },
  }),
  heads: number({
    label: "Student heads",
    help: "Attention heads.",
    ...{ default: 3, min: 1, max: 16, integer: true, when: "next", group: "student" },
  }),
  batch: number({
    label: "Batch",
    help: "Images per step.",
    ...{ default: 32, min: 1, max: 512, integer: true, when: "next", group: "run" },
  }),
  recompute: choice({
    label: "Recompute",
    help: "on: what the student's blocks keep for their gradients is dropped and computed again there. Losses stay the same, a step takes longer, and larger batches fit.",
    ...{ default: "off", options: ["off", "on"], when: "next", group: "run" },
  }),
  augment: choice({
    label: "Augmentation",
    help: "light: each image is shifted by up to an eighth and mirrored at random. crop: a random window is enlarged and mirrored, which the papers call light; the smallest crop below is its least share of the area, 0.08 in the papers. heavy: after light, two rounds of RandAugment, and mixup or cutmix.",
    ...{ default: "light", options: ["none", "light", "crop", "heavy"], when: "live", records: true, group: "augmentation" },
  }),
  crop: number({
    label: "Smallest crop",
    help: "Augmentation also enlarges a random window of each image, of at least this share of its area. 1 crops nothing; DeiT on ImageNet uses 0.08.",
    ...{ default: 1, min: 0.08, max: 1, when: "live", group: "augmentation" },
  }),
  magnitude: number({
    label: "RandAugment magnitude",
    help: "How far heavy augmentation distorts: shear, translation, rotation, brightness, contrast, saturation, posterize, solarize, cutout. 0 does nothing.",
    ...{ default: 9, min: 0, max: 10, when: "live", group: "augmentation" },
  }),
  operations: choice({
    label: "RandAugment operations",
    help: "basic: the ten named at the magnitude. full: those of DeiT, which has no cutout, but auto-contrast, equalize, invert, adding and sharpness too; heavy augmentation then begins with a random crop instead of a shift, as DeiT's does.",
    ...{ default: "basic", options: ["basic", "full"], when: "live", records: true, group: "augmentation" },
  }),
  erasing: number({
    label: "Random erasing",
    help: "Share of the images in which heavy augmentation replaces a random rectangle by noise. DeiT uses 0.25.",
    ...{ default: 0, min: 0, max: 1, when: "live", group: "augmentation" },
  }),
  mixup: number({
    label: "mixup α",
    help: "Heavy augmentation blends pairs of images and labels by a share drawn from Beta(α, α). 0 turns it off; beside cutmix each image meets one of both.",
    ...{ default: 0.8, min: 0, max: 4, when: "live", group: "augmentation" },
  }),
  cutmix: number({
    label: "cutmix α",
    help: "Heavy augmentation pastes a box of one image into another; its area is drawn from Beta(α, α). 0 turns it off.",
    ...{ default: 1, min: 0, max: 4, when: "live", group: "augmentation" },
  }),
} as const satisfies Table;

/** Those of the base losses, under the losses' names. */
export const BASE_SETTINGS: Table = Object.assign({}, ...BASES.map((name) => scoped(name, BASE_LOSSES[name].knobs)));

export const SETTINGS: Table = { ...OWN, ...BASE_SETTINGS };

export type ClassificationSettings = Settings & ValuesOf<typeof OWN>;
