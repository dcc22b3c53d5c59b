/** Settings of detection by transformer: a YOLOS that learns to find objects from a masked teacher. */
import { ownCriteria } from "../../methods/masking";
import type { Settings } from "../../settings/run";
import { choice, number, type Table, type ValuesOf } from "../../settings/setting";
import { ATTENTION_SETTINGS, keepSetting } from "../maskSettings";

export const SETTINGS = {
  side: number({
    label: "Image side",
    help: "Pixels along an edge; a multiple of the patch. Images of any shape are fitted into such a square, boxes with them.",
    ...{ default: 64, min: 16, max: 512, integer: true, when: "next", group: "data" },
  }),
  keep: keepSetting(0.5),
  criterion: choice({
    label: "Chosen by",
    help: "student: its own attention (the method). random: afresh each step. bottom: what the student attends to least. late-random: as student, but in the second half of the run a fifth of them at random from the rest.",
    ...{ default: "student", options: ownCriteria, when: "live", records: true, group: "mask" },
  }),
  queries: choice({
    label: "Attention of",
    help: "det: mean attention paid by the detection tokens; a reading, as the paper does not say, and the detector does not use its class token. cls: by the class token. patches: by all patches.",
    ...{ default: "det", options: ["det", "cls", "patches"], when: "live", records: true, group: "mask" },
  }),
  softmaxOver: ATTENTION_SETTINGS.softmaxOver,
  block: number({
    label: "Attention in block",
    help: "Block of the student whose attention is read, counted from 1. 0 is the last (the method).",
    ...{ default: 0, min: 0, max: 24, integer: true, when: "live", records: true, group: "mask" },
  }),
  width: number({
    label: "Student width",
    help: "Numbers per token; a multiple of the heads.",
    ...{ default: 32, min: 8, max: 1024, integer: true, when: "next", group: "student" },
  }),
  depth: number({
    label: "Student blocks",
    help: "Transformer blocks.",
    ...{ default: 3, min: 1, max: 24, integer: true, when: "next", group: "student" },
  }),
  heads: number({
    label: "Student heads",
    help: "Attention heads.",
    ...{ default: 2, min: 1, max: 16, integer: true, when: "next", group: "student" },
  }),
  patch: number({
    label: "Patch size",
    help: "Pixels along the edge of a patch. Token matching wants the teacher's.",
    ...{ default: 8, min: 2, max: 64, integer: true, when: "next", group: "student" },
  }),
  detTokens: number({
    label: "Detection tokens",
    help: "At most so many objects are found in an image; of images with more, the largest are learned. The paper has 100. Token matching wants as many as the teacher has.",
    ...{ default: 16, min: 1, max: 100, integer: true, when: "next", group: "student" },
  }),
  noObject: number({
    label: "Weight of “no object”",
    help: "What a detection token without an object counts in the cross entropy, against 1 with one.",
    ...{ default: 0.1, min: 0, max: 1, when: "live", group: "loss" },
  }),
  batch: number({
    label: "Batch",
    help: "Images per step.",
    ...{ default: 16, min: 1, max: 128, integer: true, when: "next", group: "run" },
  }),
  augment: choice({
    label: "Augmentation",
    help: "light: images are mirrored, zoomed and lit at random, boxes with them.",
    ...{ default: "light", options: ["none", "light"], when: "next", group: "augmentation" },
  }),
} as const satisfies Table;

export type YolosSettings = Settings & ValuesOf<typeof SETTINGS>;
