/**
 * Recipes: how papers train, as a name for many settings at once. Where settings enter, `recipe=deit` stands for its values as if
 * they had been typed, and what is typed beside it wins. A run keeps the values, not the name.
 */
import type { Value } from "./setting";

export interface Recipe {
  label: string;
  /** What it sets and where it is from. */
  help: string;
  values: Readonly<Record<string, Value>>;
}

export const RECIPES: Readonly<Record<string, Recipe>> = {
  none: { label: "none", help: "Settings as they stand.", values: {} },
  deit: {
    label: "DeiT",
    help: "How MaskedKD's paper trains students of ImageNet, after DeiT: AdamW and a cosine, heavy augmentation with random crops, erasing, label smoothing and drop path. Repeated augmentation and the learning rate are left to you.",
    values: {
      ...{ optimizer: "adamw", schedule: "cosine", decay: 0.05, smoothing: 0.1, dropPath: 0.1 },
      ...{ augment: "heavy", operations: "full", crop: 0.08, magnitude: 9, erasing: 0.25, mixup: 0.8, cutmix: 1 },
    },
  },
  mmdet: {
    label: "MMDetection, 1x",
    help: "How detectors are trained in MMDetection's schedule of twelve epochs: SGD with momentum at 0.01, which falls to a tenth after epochs 8 and 11.",
    values: { optimizer: "sgd", momentum: 0.9, decay: 1e-4, lr: 0.01, schedule: "step" },
  },
  "deit-ti-224": {
    label: "DeiT-Ti ← DeiT-S, 224 px",
    help: "A student of DeiT-Ti's size on images of 224 pixels in batches of 64. Import DeiT-S (deit_small_patch16_224 of timm) as the teacher; without it patches are an eighth of the image. Made for GPUs: a software adapter takes minutes for a step.",
    values: { side: 224, width: 192, depth: 12, heads: 3, batch: 64 },
  },
  "detector-320": {
    label: "Detector, 320 px",
    help: "A student with a backbone of ResNet-18's shape, half as wide, and a pyramid of 128 channels, on images of 320 pixels. Made for GPUs.",
    values: { side: 320, stem: 32, blocks: 2, channels: 128, stacked: 2, batch: 8 },
  },
};

/** Name-value pairs with any recipe among them written out before the rest, and what cannot be a recipe in words. */
export function unfolded(pairs: readonly [string, string][]): { pairs: [string, string][]; problems: string[] } {
  const rest = pairs.filter(([key]) => key !== "recipe");
  const name = pairs.findLast(([key]) => key === "recipe")?.[1] ?? "none";
  if (!Object.hasOwn(RECIPES, name))
    return { pairs: rest, problems: [`recipe cannot be "${name}". Use one of ${Object.keys(RECIPES).join(", ")}.`] };
  const written = Object.entries(RECIPES[name].values).map(([key, value]): [string, string] => [key, String(value)]);
  return { pairs: [...written, ...rest], problems: [] };
}
