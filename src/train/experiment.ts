/** The one table of settings. The panel, the URL, the command line's flags and a saved run all derive from it. */
import { EngineError } from "../engine/errors";
import { BASES } from "../methods/base";
import { CRITERIA } from "../methods/maskedkd";
import { choice, number, type Setting } from "../methods/setting";

const MASKEDKD = ["maskedkd"] as const;

export const SETTINGS = {
  preset: choice({
    label: "Method",
    help: "maskedkd: a vision transformer learns from a teacher that sees only the patches the student attends to.",
    ...{ default: "maskedkd", options: MASKEDKD, when: "next", group: "method" },
  }),
  keep: number({
    label: "Patches the teacher sees",
    help: "Fraction of the image's patches shown to the teacher. The rest is never computed.",
    ...{ default: 0.5, min: 0.02, max: 1, when: "live", records: true, group: "mask", only: MASKEDKD },
  }),
  criterion: choice({
    label: "Chosen by",
    help: "student: its own attention (the method). teacher: an extra full pass. guide: another loaded network, such as a self-supervised one. random: afresh each step. bottom: what the student attends to least. late-random: as student or guide, but in the second half of the run a fifth of them at random from the rest.",
    ...{ default: "student", options: CRITERIA, when: "live", records: true, group: "mask", only: MASKEDKD },
  }),
  queries: choice({
    label: "Attention of",
    help: "cls: attention paid by the class token. patches: mean attention paid by all patches.",
    ...{ default: "cls", options: ["cls", "patches"], when: "live", records: true, group: "mask", only: MASKEDKD },
  }),
  reading: choice({
    label: "Softmax over",
    help: "code: class token and patches, as the authors' code does. eq2: patches only, as Equation 2 reads.",
    ...{ default: "code", options: ["code", "eq2"], when: "live", records: true, group: "mask", only: MASKEDKD },
  }),
  block: number({
    label: "Attention in block",
    help: "Block of the student whose attention is read, counted from 1. 0 is the last (the method). Teacher and guide always use their last.",
    ...{ default: 0, min: 0, max: 12, integer: true, when: "live", records: true, group: "mask", only: MASKEDKD },
  }),
  masked: choice({
    label: "Who is masked",
    help: "teacher: it sees only the chosen patches (the method). student: the teacher sees everything, the student learns from the chosen patches. Our reading: the paper does not say how those are chosen; here by the same rules, from a pass of the whole image.",
    ...{ default: "teacher", options: ["teacher", "student"], when: "live", records: true, group: "mask", only: MASKEDKD },
  }),
  lambda: number({
    label: "Distillation weight λ",
    help: "Weight of the teacher's soft labels beside the true labels. 0 trains the student alone.",
    ...{ default: 1, min: 0, max: 10, when: "live", group: "loss", only: MASKEDKD },
  }),
  temperature: number({
    label: "Temperature τ",
    help: "Softens both predictions before they are compared.",
    ...{ default: 1, min: 0.5, max: 8, when: "live", group: "loss", only: MASKEDKD },
  }),
  base: choice({
    label: "Base loss",
    help: "logit: soft labels alone. manifold: also how alike tokens are, within and between images. attention: also whom the class token attends to, in all blocks.",
    ...{ default: "logit", options: BASES, when: "live", records: true, group: "loss", only: MASKEDKD },
  }),
  beta: number({
    label: "Base weight β",
    help: "Weight of the manifold or attention loss. The published manifold run learns from it and the soft labels alone.",
    ...{ default: 1, min: 0, max: 100, when: "live", group: "loss", only: MASKEDKD },
  }),
  smoothing: number({
    label: "Label smoothing",
    help: "Share of each true label spread over all classes.",
    ...{ default: 0, min: 0, max: 0.5, when: "live", group: "loss", only: MASKEDKD },
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
  width: number({
    label: "Student width",
    help: "Numbers per token; a multiple of the heads.",
    ...{ default: 48, min: 8, max: 384, integer: true, when: "next", group: "student", only: MASKEDKD },
  }),
  depth: number({
    label: "Student blocks",
    help: "Transformer blocks.",
    ...{ default: 3, min: 1, max: 12, integer: true, when: "next", group: "student", only: MASKEDKD },
  }),
  heads: number({
    label: "Student heads",
    help: "Attention heads.",
    ...{ default: 3, min: 1, max: 16, integer: true, when: "next", group: "student", only: MASKEDKD },
  }),
  batch: number({ label: "Batch", help: "Images per step.", default: 32, min: 1, max: 512, integer: true, when: "next", group: "run" }),
  steps: number({ label: "Steps", help: "Length of the run.", default: 1000, min: 1, max: 1e6, integer: true, when: "next", group: "run" }),
  evaluate: number({
    label: "Evaluate every",
    help: "Steps between tests on held-out images.",
    ...{ default: 100, min: 1, max: 1e6, integer: true, when: "live", group: "run" },
  }),
  augment: choice({
    label: "Augmentation",
    help: "light: each image is shifted by up to an eighth and mirrored at random. heavy: then two rounds of RandAugment, and mixup or cutmix.",
    ...{ default: "light", options: ["none", "light", "heavy"], when: "live", records: true, group: "augmentation" },
  }),
  crop: number({
    label: "Smallest crop",
    help: "Augmentation also enlarges a random window of each image, of at least this share of its area. 1 crops nothing; DeiT on ImageNet uses 0.08.",
    ...{ default: 1, min: 0.08, max: 1, when: "live", group: "augmentation", only: MASKEDKD },
  }),
  magnitude: number({
    label: "RandAugment magnitude",
    help: "How far heavy augmentation distorts: shear, translation, rotation, brightness, contrast, saturation, posterize, solarize, cutout. 0 does nothing.",
    ...{ default: 9, min: 0, max: 10, when: "live", group: "augmentation", only: MASKEDKD },
  }),
  mixup: number({
    label: "mixup α",
    help: "Heavy augmentation blends pairs of images and labels by a share drawn from Beta(α, α). 0 turns it off; beside cutmix each image meets one of both.",
    ...{ default: 0.8, min: 0, max: 4, when: "live", group: "augmentation", only: MASKEDKD },
  }),
  cutmix: number({
    label: "cutmix α",
    help: "Heavy augmentation pastes a box of one image into another; its area is drawn from Beta(α, α). 0 turns it off.",
    ...{ default: 1, min: 0, max: 4, when: "live", group: "augmentation", only: MASKEDKD },
  }),
  seed: number({
    label: "Seed",
    help: "The same seed and settings give the same run.",
    ...{ default: 1, min: 0, max: 2 ** 31 - 1, integer: true, when: "next", group: "run" },
  }),
} as const satisfies Record<string, Setting>;

export type Key = keyof typeof SETTINGS;
export type Settings = { [K in Key]: (typeof SETTINGS)[K]["kind"] extends "number" ? number : string };

export const KEYS = Object.keys(SETTINGS) as Key[];

/** Whether a setting plays a part under a preset. */
export function concerns(key: Key, preset: string): boolean {
  const { only }: Setting = SETTINGS[key];
  return only === undefined || only.includes(preset);
}

export const defaults = (): Settings => Object.fromEntries(KEYS.map((key) => [key, SETTINGS[key].default])) as Settings;

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
export function parseSetting<K extends Key>(key: K, value: unknown): Settings[K] {
  const setting: Setting = SETTINGS[key];
  if (setting.kind === "choice") {
    if (setting.options.includes(String(value))) return String(value) as Settings[K];
    throw new SettingError(`${key} cannot be "${value}".`, `Use one of ${setting.options.join(", ")}.`);
  }
  const n = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  if (n >= setting.min && n <= setting.max && (!setting.integer || Number.isInteger(n))) return n as Settings[K];
  const kind = setting.integer ? "a whole number" : "a number";
  throw new SettingError(`${key} cannot be "${value}".`, `Use ${kind} from ${setting.min} to ${setting.max}.`);
}

/** The settings that differ from the defaults, as a readable query: `keep=0.25&criterion=random`. */
export function toQuery(settings: Settings): string {
  const differing = KEYS.filter((key) => settings[key] !== SETTINGS[key].default);
  return new URLSearchParams(differing.map((key) => [key, String(settings[key])])).toString();
}

/** Settings from name-value pairs; what cannot be used keeps its default and is reported in words. */
export function fromPairs(pairs: Iterable<[string, string]>): { settings: Settings; problems: string[] } {
  const settings = defaults();
  const problems: string[] = [];
  for (const [name, value] of pairs) {
    if (!Object.hasOwn(SETTINGS, name)) {
      problems.push(`There is no setting "${name}".`);
      continue;
    }
    try {
      Object.assign(settings, { [name]: parseSetting(name as Key, value) });
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return { settings, problems };
}
