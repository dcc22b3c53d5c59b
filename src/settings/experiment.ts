/** The one table of settings. The panel, the URL, the command line's flags and a saved run all derive from it. */
import { EngineError } from "../engine/errors";
import { BASES } from "../methods/classification/base";
import { CRITERIA } from "../methods/classification/maskedkd";
import { DETECTION_METHODS, type DetectionMethodName } from "../methods/detection";
import { DETECTORS } from "../models/detector/config";
import { choice, number, type Setting } from "./setting";

/** Settings of every run. */
const COMMON = {
  teacher: choice({
    label: "Learns from",
    help: "teacher: from the labels and the loaded teacher. none: the student learns from the labels alone.",
    ...{ default: "teacher", options: ["teacher", "none"], when: "next", group: "data" },
  }),
  lr: number({
    label: "Learning rate",
    help: "Peak step size; warms up over 5 % of the run, then falls as a cosine.",
    ...{ default: 1e-3, min: 1e-5, max: 1e-2, log: true, when: "live", group: "optimizer" },
  }),
  decay: number({
    label: "Weight decay",
    help: "Pull of the weight matrices towards zero, per unit of learning rate.",
    ...{ default: 0.05, min: 0, max: 0.5, when: "live", group: "optimizer" },
  }),
  steps: number({ label: "Steps", help: "Length of the run.", default: 1000, min: 1, max: 1e6, integer: true, when: "next", group: "run" }),
  evaluate: number({
    label: "Evaluate every",
    help: "Steps between tests on held-out images.",
    ...{ default: 100, min: 1, max: 1e6, integer: true, when: "live", group: "run" },
  }),
  seed: number({
    label: "Seed",
    help: "The same seed and settings give the same run.",
    ...{ default: 1, min: 0, max: 2 ** 31 - 1, integer: true, when: "next", group: "run" },
  }),
} as const satisfies Record<string, Setting>;

/** A vision transformer that learns to name images from a masked teacher. */
const CLASSIFICATION = {
  side: number({
    label: "Image side",
    help: "Pixels along an edge. Images of any size are cut square and resized to it.",
    ...{ default: 32, min: 8, max: 512, integer: true, when: "next", group: "data" },
  }),
  keep: number({
    label: "Patches the teacher sees",
    help: "Fraction of the image's patches shown to the teacher. The rest is never computed.",
    ...{ default: 0.5, min: 0.02, max: 1, when: "live", records: true, group: "mask" },
  }),
  criterion: choice({
    label: "Chosen by",
    help: "student: its own attention (the method). teacher: an extra full pass. guide: another loaded network, such as a self-supervised one. random: afresh each step. bottom: what the student attends to least. late-random: as student or guide, but in the second half of the run a fifth of them at random from the rest.",
    ...{ default: "student", options: CRITERIA, when: "live", records: true, group: "mask" },
  }),
  queries: choice({
    label: "Attention of",
    help: "cls: attention paid by the class token. patches: mean attention paid by all patches.",
    ...{ default: "cls", options: ["cls", "patches"], when: "live", records: true, group: "mask" },
  }),
  reading: choice({
    label: "Softmax over",
    help: "code: class token and patches, as the authors' code does. eq2: patches only, as Equation 2 reads.",
    ...{ default: "code", options: ["code", "eq2"], when: "live", records: true, group: "mask" },
  }),
  block: number({
    label: "Attention in block",
    help: "Block of the student whose attention is read, counted from 1. 0 is the last (the method). Teacher and guide always use their last.",
    ...{ default: 0, min: 0, max: 12, integer: true, when: "live", records: true, group: "mask" },
  }),
  masked: choice({
    label: "Who is masked",
    help: "teacher: it sees only the chosen patches (the method). student: the teacher sees everything, the student learns from the chosen patches. Our reading: the paper does not say how those are chosen; here by the same rules, from a pass of the whole image.",
    ...{ default: "teacher", options: ["teacher", "student"], when: "live", records: true, group: "mask" },
  }),
  lambda: number({
    label: "Distillation weight λ",
    help: "Weight of the teacher's soft labels beside the true labels. 0 trains the student alone.",
    ...{ default: 1, min: 0, max: 10, when: "live", group: "loss" },
  }),
  temperature: number({
    label: "Temperature τ",
    help: "Softens both predictions before they are compared.",
    ...{ default: 1, min: 0.5, max: 8, when: "live", group: "loss" },
  }),
  base: choice({
    label: "Base loss",
    help: "logit: soft labels alone. manifold: also how alike tokens are, within and between images. attention: also whom the class token attends to, in all blocks.",
    ...{ default: "logit", options: BASES, when: "live", records: true, group: "loss" },
  }),
  beta: number({
    label: "Base weight β",
    help: "Weight of the manifold or attention loss. The published manifold run learns from it and the soft labels alone.",
    ...{ default: 1, min: 0, max: 100, when: "live", group: "loss" },
  }),
  smoothing: number({
    label: "Label smoothing",
    help: "Share of each true label spread over all classes.",
    ...{ default: 0, min: 0, max: 0.5, when: "live", group: "loss" },
  }),
  width: number({
    label: "Student width",
    help: "Numbers per token; a multiple of the heads.",
    ...{ default: 48, min: 8, max: 384, integer: true, when: "next", group: "student" },
  }),
  depth: number({
    label: "Student blocks",
    help: "Transformer blocks.",
    ...{ default: 3, min: 1, max: 12, integer: true, when: "next", group: "student" },
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
  augment: choice({
    label: "Augmentation",
    help: "light: each image is shifted by up to an eighth and mirrored at random. heavy: then two rounds of RandAugment, and mixup or cutmix.",
    ...{ default: "light", options: ["none", "light", "heavy"], when: "live", records: true, group: "augmentation" },
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
} as const satisfies Record<string, Setting>;

/** A detector that learns to find objects; its method brings more. */
const DETECTION = {
  side: number({
    label: "Image side",
    help: "Pixels along an edge. Images of any shape are fitted into such a square.",
    ...{ default: 128, min: 64, max: 512, integer: true, when: "next", group: "data" },
  }),
  detector: choice({
    label: "Detector",
    help: "Kind of student and teacher alike.",
    ...{ default: "gfl", options: DETECTORS, when: "next", group: "student" },
  }),
  stem: number({
    label: "Student width",
    help: "Channels of the backbone's first stage; each of the next three doubles them.",
    ...{ default: 12, min: 4, max: 64, integer: true, when: "next", group: "student" },
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
  weights: choice({
    label: "Weights of the terms",
    help: "calibrated: before the first step, weights left at their defaults are set from measured gradients, so that feature terms pull as hard as the detector's own loss and logit terms a tenth as hard. given: as they stand.",
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
} as const satisfies Record<string, Setting>;

export const PRESETS = ["maskedkd", ...(Object.keys(DETECTION_METHODS) as DetectionMethodName[])] as const;
export type Preset = (typeof PRESETS)[number];

const preset = choice({
  label: "Method",
  help: "maskedkd: a vision transformer learns from a teacher that sees only some patches. The others teach detectors.",
  ...{ default: "maskedkd", options: PRESETS, when: "next", group: "method" },
});

type Table = typeof COMMON & typeof CLASSIFICATION & Omit<typeof DETECTION, keyof typeof CLASSIFICATION>;
type KnobKey = { [M in DetectionMethodName]: keyof (typeof DETECTION_METHODS)[M]["knobs"] & string }[DetectionMethodName];

export type Key = "preset" | keyof Table | KnobKey;
export type Settings = { preset: Preset } & { [K in keyof Table]: Table[K]["kind"] extends "number" ? number : string } & {
  [K in Exclude<KnobKey, keyof Table>]: number | string;
};

const TABLES = Object.fromEntries(PRESETS.map((name) => [name, tableOf(name)])) as Record<Preset, Record<string, Setting>>;

function tableOf(name: Preset): Record<string, Setting> {
  const own = name === "maskedkd" ? CLASSIFICATION : { ...DETECTION, ...DETECTION_METHODS[name].knobs };
  return { preset, ...COMMON, ...own };
}

/** Every setting of any preset. */
export const KEYS = [...new Set(PRESETS.flatMap((name) => Object.keys(TABLES[name])))] as Key[];

/** The settings that play a part under a preset, in order. */
export const settingsOf = (preset: Preset): Readonly<Record<string, Setting>> => TABLES[preset];

/** How a setting is described under a preset; under another one where it plays no part here. */
export function settingOf(key: Key, preset: Preset): Setting {
  return TABLES[preset][key] ?? TABLES[PRESETS.find((name) => TABLES[name][key]) as Preset][key];
}

/** The presets whose students find objects rather than name images. */
export const isDetection = (preset: Preset): preset is DetectionMethodName => preset !== "maskedkd";

export function defaults(preset: Preset = "maskedkd"): Settings {
  return { ...(Object.fromEntries(KEYS.map((key) => [key, settingOf(key, preset).default])) as Settings), preset };
}

/** A change made while running. */
export interface Change {
  step: number;
  key: Key;
  from: string | number;
  to: string | number;
}

/** A setting that cannot be: the message names it, what is wrong and what would be right. */
export class SettingError extends EngineError {
  override name = "SettingError";
}

/** Checks one value given as text or as itself. Throws a SettingError. */
export function parseSetting(key: Key, value: unknown, preset: Preset): string | number {
  const setting = settingOf(key, preset);
  if (setting.kind === "choice") {
    if (setting.options.includes(String(value))) return String(value);
    throw new SettingError(`${key} cannot be "${value}".`, `Use one of ${setting.options.join(", ")}.`);
  }
  const n = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  if (n >= setting.min && n <= setting.max && (!setting.integer || Number.isInteger(n))) return n;
  const kind = setting.integer ? "a whole number" : "a number";
  throw new SettingError(`${key} cannot be "${value}".`, `Use ${kind} from ${setting.min} to ${setting.max}.`);
}

/** The settings that play a part and differ from their defaults, as a readable query: `keep=0.25&criterion=random`. */
export function toQuery(settings: Settings): string {
  const usual: Settings = { ...defaults(settings.preset), preset: "maskedkd" };
  const differing = Object.keys(settingsOf(settings.preset)).filter((key) => settings[key as Key] !== usual[key as Key]);
  return new URLSearchParams(differing.map((key) => [key, String(settings[key as Key])])).toString();
}

/**
 * Settings from name-value pairs; what cannot be used keeps its default and is reported in words. The preset says which
 * settings there are and what their defaults are, wherever it stands.
 */
export function fromPairs(pairs: Iterable<[string, string]>): { settings: Settings; problems: string[] } {
  const all = [...pairs];
  const named = PRESETS.find((name) => name === all.findLast(([key]) => key === "preset")?.[1]);
  const settings = defaults(named);
  const problems: string[] = [];
  for (const [name, value] of all) {
    if (!KEYS.includes(name as Key)) {
      problems.push(`There is no setting "${name}".`);
      continue;
    }
    try {
      Object.assign(settings, { [name]: parseSetting(name as Key, value, settings.preset) });
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return { settings, problems };
}
