/** Settings of masked image modelling: a network learns without labels what hidden patches look like. */
import type { KNOBS } from "../../methods/mim/knobs";
import type { Settings } from "../../settings/run";
import { choice, keyOf, number, type Table, type ValuesOf } from "../../settings/setting";
import { SETTINGS as DETECTION } from "../detection/settings";

const { block, blocks, cardinality, stem } = DETECTION;

export const SETTINGS = {
  side: number({
    label: "Image side",
    help: "Pixels along an edge. Images of any size are cut square and resized to it.",
    ...{ default: 32, min: 8, max: 256, integer: true, when: "next", group: "data" },
  }),
  crop: number({
    label: "Crops part at",
    help: "Crops show at least this share of an image's area, and are mirrored half of the time. 1 shows whole images. MAE: 0.2.",
    ...{ default: 0.4, min: 0.08, max: 1, when: "live", group: "augmentation" },
  }),
  backbone: choice({
    label: "Backbone",
    help: "vit: a vision transformer that sees the patches that are left, as MAE. resnet, resnext: a detector's backbone, of which hidden patches are zero in the image and before every convolution, so that nothing passes between hidden and seen; norms measure what is seen. A decoder of four scales then tells the rest, as SparK.",
    ...{ default: "vit", options: ["vit", "resnet", "resnext"], when: "next", group: "student" },
  }),
  width: number({
    label: "Width",
    help: "Numbers per token of a vision transformer; a multiple of the heads.",
    ...{ default: 96, min: 8, max: 1024, integer: true, when: "next", group: "student" },
  }),
  depth: number({
    label: "Blocks",
    help: "Blocks of a vision transformer.",
    ...{ default: 4, min: 1, max: 24, integer: true, when: "next", group: "student" },
  }),
  heads: number({
    label: "Heads",
    help: "Attention heads of a vision transformer.",
    ...{ default: 4, min: 1, max: 16, integer: true, when: "next", group: "student" },
  }),
  patch: number({
    label: "Patch size",
    help: "Pixels along the edge of a patch. A ResNet takes 32, the stride of its coarsest map.",
    ...{ default: 4, min: 2, max: 32, integer: true, when: "next", group: "student" },
  }),
  stem: { ...stem, label: "Width of a ResNet" },
  blocks: { ...blocks, label: "Blocks of a ResNet" },
  block,
  cardinality,
  norm: choice({
    label: "Normalisation of a ResNet",
    help: "Over the cells that are seen. gn: groups of channels within each image. bn: each channel over the batch, in tests by running statistics.",
    ...{ default: "gn", options: ["gn", "bn"], when: "next", group: "student" },
  }),
  batch: number({
    label: "Batch",
    help: "Images per step.",
    ...{ default: 64, min: 1, max: 1024, integer: true, when: "next", group: "run" },
  }),
} as const satisfies Table;

/** With the knobs of its methods, by key. */
export type MimSettings = Settings &
  ValuesOf<typeof SETTINGS> & {
    "mim.target": "normalised" | "pixels";
    "g2sd.tokens": "all" | "hidden";
    "g2sd.layer": "middle" | "last";
  };

type Shared = keyof typeof KNOBS;

/** Of the knobs that all methods have, the one of the run's method. */
export const knob = (settings: MimSettings, name: Shared): number => settings[keyOf(settings.preset, name)] as number;
