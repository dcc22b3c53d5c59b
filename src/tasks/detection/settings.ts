/** Settings of detection: a detector learns to find objects. Its methods bring more. */
import { DETECTORS, type DetectorKind } from "../../models/detector/kinds";
import type { Settings } from "../../settings/run";
import { choice, number, type Table, type ValuesOf } from "../../settings/setting";

/** Channels of a group of ResNeXt in its first stage. */
export const GROUP_WIDTH = 4;

export const SETTINGS = {
  side: number({
    label: "Image side",
    help: "Pixels along an edge. Images of any shape are fitted into such a square.",
    ...{ default: 128, min: 64, max: 640, integer: true, when: "next", group: "data" },
  }),
  detector: choice({
    label: "Detector",
    help: "Kind of the student, and of the teacher where that is not said to be another.",
    ...{ default: "gfl", options: DETECTORS, when: "next", group: "student" },
  }),
  teacherDetector: choice({
    label: "Teacher's detector",
    help: "Kind of the teacher that comes with the program, or is trained here. same: the student's. Another kind teaches features alone: scores and boxes of two kinds do not say the same.",
    ...{ default: "same", options: ["same", ...DETECTORS], when: "next", group: "student" },
  }),
  anchors: choice({
    label: "Student anchors",
    help: "Side of an anchor in strides of its level; RetinaNet's begin at half of it, and FCOS's ranges end there. 8 is published for large photographs. fitted: as large as the training boxes, from their median. A teacher keeps its own.",
    ...{ default: "2", options: ["2", "4", "8", "fitted"], before: "4", when: "next", group: "student" },
  }),
  stem: number({
    label: "Student width",
    help: "Channels of the backbone's first stage; each of the next three doubles them.",
    ...{ default: 12, min: 4, max: 64, integer: true, when: "next", group: "student" },
  }),
  backbone: choice({
    label: "Backbone",
    help: "resnet: residual blocks of plain convolutions. resnext: bottlenecks whose 3 x 3 convolution falls into groups, as SAMKD's teacher in Tables II to VI has them. vitdet: a plain vision transformer of patches of 16 pixels, most of whose blocks attend within windows, and a simple pyramid of its last map, as in MKD's Table 3.",
    ...{ default: "resnet", options: ["resnet", "resnext", "vitdet"], when: "next", group: "student" },
  }),
  block: choice({
    label: "Residual block",
    help: "basic: two 3 x 3 convolutions. bottleneck: 1 x 1, 3 x 3 and 1 x 1, with four times the channels after it; ResNeXt's always is.",
    ...{ default: "basic", options: ["basic", "bottleneck"], when: "next", group: "student" },
  }),
  cardinality: choice({
    label: "Groups of ResNeXt",
    help: "Groups of its 3 x 3 convolutions, of 4 channels each in the first stage. The paper's has 32 at width 64.",
    ...{ default: "8", options: ["4", "8", "16", "32"], when: "next", group: "student" },
  }),
  vitWidth: number({
    label: "Width of ViTDet",
    help: "Numbers per token; an even multiple of the heads. ViTDet-S: 384.",
    ...{ default: 64, min: 8, max: 768, integer: true, when: "next", group: "student" },
  }),
  vitDepth: number({
    label: "Blocks of ViTDet",
    help: "Its transformer blocks. ViTDet-S: 12.",
    ...{ default: 4, min: 1, max: 24, integer: true, when: "next", group: "student" },
  }),
  vitHeads: number({
    label: "Heads of ViTDet",
    help: "Its attention heads. ViTDet-S: 6.",
    ...{ default: 4, min: 1, max: 16, integer: true, when: "next", group: "student" },
  }),
  window: number({
    label: "Windows of ViTDet",
    help: "Tokens along a side of the windows within which most blocks attend; they tile the image. ViTDet: 14.",
    ...{ default: 4, min: 1, max: 32, integer: true, when: "next", group: "student" },
  }),
  globals: number({
    label: "Global blocks of ViTDet",
    help: "Blocks that attend to the whole image, spread evenly, the last one among them. ViTDet: 4.",
    ...{ default: 2, min: 1, max: 24, integer: true, when: "next", group: "student" },
  }),
  relpos: choice({
    label: "Relative positions of ViTDet",
    help: "on: learnt distances between tokens, along rows and along columns, are part of attention in every block, as in ViTDet. They begin at zero and belong to one image side.",
    ...{ default: "off", options: ["off", "on"], when: "next", group: "student" },
  }),
  norm: choice({
    label: "Normalisation",
    help: "Of the backbone. gn: groups of channels within each image. bn: each channel over the batch, in tests by running statistics. frozen: batch norm by running statistics that stay as they are, for a backbone that brings its own.",
    ...{ default: "gn", options: ["gn", "bn", "frozen"], when: "next", group: "student" },
  }),
  blocks: number({
    label: "Student blocks",
    help: "Residual blocks in each of the backbone's four stages.",
    ...{ default: 1, min: 1, max: 6, integer: true, when: "next", group: "student" },
  }),
  channels: number({
    label: "Pyramid channels",
    help: "Channels of the student's feature pyramid and head.",
    ...{ default: 24, min: 8, max: 256, integer: true, when: "next", group: "student" },
  }),
  stacked: number({
    label: "Head layers",
    help: "Convolutions in each branch of the student's head before the last.",
    ...{ default: 1, min: 0, max: 4, integer: true, when: "next", group: "student" },
  }),
  inherit: choice({
    label: "Inherit neck and head",
    help: "on: layers of the student's neck and head begin as the teacher's where they have the same shapes, as MGD and FGD publish. That asks for as many pyramid channels.",
    ...{ default: "off", options: ["off", "on"], when: "next", group: "student" },
  }),
  weights: choice({
    label: "Weights of the terms",
    help: "calibrated: weights that nobody has set are measured, so that feature terms together pull as hard as the detector's own loss and logit terms a tenth as hard: before the first step, and where blocks regenerate features again after 5 % of the run, when these have learned. given: as they stand.",
    ...{ default: "calibrated", options: ["calibrated", "given"], when: "next", group: "loss" },
  }),
  batch: number({
    label: "Batch",
    help: "Images per step.",
    ...{ default: 8, min: 1, max: 128, integer: true, when: "next", group: "run" },
  }),
  augment: choice({
    label: "Augmentation",
    help: "light: images are mirrored, zoomed and lit at random, boxes with them.",
    ...{ default: "light", options: ["none", "light"], when: "next", group: "augmentation" },
  }),
} as const satisfies Table;

/** The kind of detector that teaches students of these settings. */
export const teacherKind = ({ detector, teacherDetector }: Pick<DetectionSettings, "detector" | "teacherDetector">): DetectorKind =>
  teacherDetector === "same" ? detector : teacherDetector;

export type DetectionSettings = Settings & ValuesOf<typeof SETTINGS>;
