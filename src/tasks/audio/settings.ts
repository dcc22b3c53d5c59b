/** Settings of audio: those of classification that are not about images, and those of spectrograms. */
import type { Settings } from "../../settings/run";
import { choice, number, type Table, type ValuesOf } from "../../settings/setting";
import { BASE_SETTINGS, OWN } from "../classification/settings";

/** Settings of classification that mean nothing for sounds, or are not proven for their networks (merging of tokens). */
const ABOUT_IMAGES = ["tome", "augment", "crop", "magnitude", "operations", "erasing", "mixup", "cutmix"] as const;

type Shared = Omit<typeof OWN, (typeof ABOUT_IMAGES)[number]>;
const SHARED = Object.fromEntries(Object.entries(OWN).filter(([key]) => !ABOUT_IMAGES.some((name) => name === key))) as Shared;

const ALL = {
  ...SHARED,
  side: number({
    label: "Mel bands",
    help: "Rows of a spectrogram: bands from 20 Hz to 8 kHz, evenly spaced on the mel scale. AST: 128.",
    ...{ default: 32, min: 8, max: 128, integer: true, when: "next", group: "data" },
  }),
  frames: number({
    label: "Frames",
    help: "Columns of a spectrogram: one each 10 ms. Longer sounds are cut, shorter ones padded with zeros, as AST does; 512 there.",
    ...{ default: 96, min: 8, max: 1024, integer: true, when: "next", group: "data" },
  }),
  queries: choice({
    label: "Attention of",
    help: "lead: the mean attention paid by the tokens before the patches, of which AST has two. cls: that paid by the first, the class token. patches: mean attention paid by all patches.",
    ...{ default: "lead", options: ["lead", "cls", "patches"], when: "live", records: true, group: "mask" },
  }),
  family: { ...OWN.family, default: "ast" },
  patch: number({
    label: "Patch size",
    help: "Bands and frames of a patch. AST: 16.",
    ...{ default: 8, min: 2, max: 32, integer: true, when: "next", group: "student" },
  }),
  stride: number({
    label: "Distance of patches",
    help: "Bands and frames from one patch to the next; below the patch size they overlap. AST: 10 for patches of 16.",
    ...{ default: 8, min: 1, max: 32, integer: true, when: "next", group: "student" },
  }),
  augment: choice({
    label: "Augmentation",
    help: "spec: SpecAugment masks a range of bands and one of frames of each spectrogram.",
    ...{ default: "spec", options: ["none", "spec"], when: "live", records: true, group: "augmentation" },
  }),
  maskedBands: number({
    label: "Bands masked",
    help: "SpecAugment masks fewer than so many, drawn anew for each. AST: 24 of 128.",
    ...{ default: 6, min: 0, max: 128, when: "live", group: "augmentation" },
  }),
  maskedFrames: number({
    label: "Frames masked",
    help: "SpecAugment masks fewer than so many, drawn anew for each. AST: 96 of 512.",
    ...{ default: 18, min: 0, max: 1024, when: "live", group: "augmentation" },
  }),
} as const satisfies Table;

export const SETTINGS: Table = { ...ALL, ...BASE_SETTINGS };

export type AudioSettings = Settings & ValuesOf<typeof ALL>;
