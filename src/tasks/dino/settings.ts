/** Settings of self-distillation: a vision transformer that learns from its own running mean, without labels. */
import { CRITERIA, scorerOf } from "../../methods/masking";
import type { Settings } from "../../settings/run";
import { choice, number, type Table, type ValuesOf } from "../../settings/setting";
import { ATTENTION_SETTINGS, keepSetting } from "../maskSettings";

/** There is no guide: such a network is what this task makes. */
const OWN_CRITERIA = CRITERIA.filter((name) => scorerOf(name) !== "guide");

export const SETTINGS = {
  teacher: choice({
    label: "Learns from",
    help: "none: no teacher is loaded. The run makes its own, the running mean of the student.",
    ...{ default: "none", options: ["none"], when: "next", group: "data" },
  }),
  decay: number({
    label: "Weight decay, at first",
    help: "Pull of the weight matrices towards zero, per unit of learning rate. It rises along half a cosine.",
    ...{ default: 0.04, min: 0, max: 0.5, when: "live", group: "optimizer" },
  }),
  decayEnd: number({
    label: "Weight decay, at the end",
    help: "What the weight decay rises to.",
    ...{ default: 0.4, min: 0, max: 1, when: "live", group: "optimizer" },
  }),
  frozen: number({
    label: "Last layer waits",
    help: "Share of the run in which the layer that gives the outputs keeps its first weights, which steadies the start. DINO: one epoch of a hundred.",
    ...{ default: 0.01, min: 0, max: 1, when: "live", group: "optimizer" },
  }),
  side: number({
    label: "Image side",
    help: "Pixels along an edge of global crops. Images of any size are cut square and resized to it.",
    ...{ default: 32, min: 8, max: 256, integer: true, when: "next", group: "data" },
  }),
  keep: keepSetting(0.66),
  criterion: choice({
    label: "Chosen by",
    help: "student: its own attention to the same crop (the method). teacher: an extra full pass of the teacher. random: afresh each step. bottom: what the student attends to least. late-random: as student, but in the second half of the run a fifth of them at random from the rest.",
    ...{ default: "student", options: OWN_CRITERIA, when: "live", records: true, group: "mask" },
  }),
  ...ATTENTION_SETTINGS,
  block: number({
    label: "Attention in block",
    help: "Block of the student whose attention is read, counted from 1. 0 is the last (the method). The teacher always uses its last.",
    ...{ default: 0, min: 0, max: 24, integer: true, when: "live", records: true, group: "mask" },
  }),
  crops: number({
    label: "Local crops",
    help: "Small crops of each image that the student sees besides two global ones. DINO: 8.",
    ...{ default: 4, min: 0, max: 8, integer: true, when: "live", records: true, group: "augmentation" },
  }),
  localSide: number({
    label: "Side of local crops",
    help: "Pixels along an edge; a multiple of the patch. DINO: 96 beside 224.",
    ...{ default: 16, min: 4, max: 256, integer: true, when: "next", group: "augmentation" },
  }),
  crop: number({
    label: "Crops part at",
    help: "Global crops show at least this share of an image's area, local ones at most. DINO: 0.4.",
    ...{ default: 0.4, min: 0.08, max: 1, when: "live", group: "augmentation" },
  }),
  jitter: number({
    label: "Colour jitter",
    help: "How far crops stray in brightness, contrast, saturation and hue; 1 is as far as DINO's, which also blurs crops and solarizes one. 0 does nothing.",
    ...{ default: 1, min: 0, max: 2, when: "live", group: "augmentation" },
  }),
  grey: number({
    label: "Grey crops",
    help: "Share of the crops that lose their colour, so that colour alone is not enough to tell images apart. DINO: 0.2.",
    ...{ default: 0.2, min: 0, max: 1, when: "live", group: "augmentation" },
  }),
  width: number({
    label: "Width",
    help: "Numbers per token of student and teacher; a multiple of the heads.",
    ...{ default: 64, min: 8, max: 1024, integer: true, when: "next", group: "student" },
  }),
  depth: number({
    label: "Blocks",
    help: "Transformer blocks of student and teacher.",
    ...{ default: 4, min: 1, max: 24, integer: true, when: "next", group: "student" },
  }),
  heads: number({
    label: "Heads",
    help: "Attention heads of student and teacher.",
    ...{ default: 4, min: 1, max: 16, integer: true, when: "next", group: "student" },
  }),
  patch: number({
    label: "Patch size",
    help: "Pixels along the edge of a patch.",
    ...{ default: 4, min: 2, max: 32, integer: true, when: "next", group: "student" },
  }),
  outputs: number({
    label: "Outputs",
    help: "Of the projection head, which is thrown away afterwards. DINO: 65536.",
    ...{ default: 512, min: 16, max: 8192, integer: true, when: "next", group: "student" },
  }),
  hidden: number({
    label: "Width of the projection",
    help: "Hidden width of the projection head. DINO: 2048.",
    ...{ default: 256, min: 8, max: 2048, integer: true, when: "next", group: "student" },
  }),
  bottleneck: number({
    label: "Bottleneck",
    help: "Numbers before the last layer, brought to length 1. DINO: 256.",
    ...{ default: 64, min: 4, max: 512, integer: true, when: "next", group: "student" },
  }),
  batch: number({
    label: "Batch",
    help: "Images per step; each is seen in several crops.",
    ...{ default: 32, min: 1, max: 512, integer: true, when: "next", group: "run" },
  }),
} as const satisfies Table;

export type DinoSettings = Settings & ValuesOf<typeof SETTINGS>;
