/** Settings of segmentation: a Segmenter that learns to name every pixel from a masked teacher. */
import { ownCriteria } from "../../methods/masking";
import { DECODERS } from "../../models/segmenter/decoders";
import type { Settings } from "../../settings/run";
import { choice, number, type Table, type ValuesOf } from "../../settings/setting";
import { ATTENTION_SETTINGS, keepSetting } from "../maskSettings";

export const SETTINGS = {
  side: number({
    label: "Image side",
    help: "Pixels along an edge; a multiple of the patch. Images of any shape are fitted into such a square, masks with them.",
    ...{ default: 64, min: 16, max: 512, integer: true, when: "next", group: "data" },
  }),
  keep: keepSetting(0.75),
  criterion: choice({
    label: "Chosen by",
    help: "student: its own attention (the method). random: afresh each step. bottom: what the student attends to least. late-random: as student, but in the second half of the run a fifth of them at random from the rest.",
    ...{ default: "student", options: ownCriteria, when: "live", records: true, group: "mask" },
  }),
  ...ATTENTION_SETTINGS,
  block: number({
    label: "Attention in block",
    help: "Block of the student whose attention is read, counted from 1. 0 is the last (the method).",
    ...{ default: 0, min: 0, max: 24, integer: true, when: "live", records: true, group: "mask" },
  }),
  decoder: choice({
    label: "Decoder",
    help: "linear: one layer for each patch. mask: two transformer blocks in which a token of each class joins the patches.",
    ...{ default: "mask", options: DECODERS, when: "next", group: "student" },
  }),
  width: number({
    label: "Student width",
    help: "Numbers per token; a multiple of the heads.",
    ...{ default: 48, min: 8, max: 1024, integer: true, when: "next", group: "student" },
  }),
  depth: number({
    label: "Student blocks",
    help: "Transformer blocks of the encoder.",
    ...{ default: 3, min: 1, max: 24, integer: true, when: "next", group: "student" },
  }),
  heads: number({
    label: "Student heads",
    help: "Attention heads.",
    ...{ default: 3, min: 1, max: 16, integer: true, when: "next", group: "student" },
  }),
  patch: number({
    label: "Patch size",
    help: "Pixels along the edge of a patch. Manifold distillation wants the teacher's.",
    ...{ default: 8, min: 2, max: 64, integer: true, when: "next", group: "student" },
  }),
  batch: number({
    label: "Batch",
    help: "Images per step.",
    ...{ default: 16, min: 1, max: 128, integer: true, when: "next", group: "run" },
  }),
  augment: choice({
    label: "Augmentation",
    help: "light: images are mirrored, zoomed and lit at random, masks with them.",
    ...{ default: "light", options: ["none", "light"], when: "next", group: "augmentation" },
  }),
} as const satisfies Table;

export type SegmentationSettings = Settings & ValuesOf<typeof SETTINGS>;
