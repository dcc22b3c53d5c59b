/**
 * Names for many settings at once: recipes, how papers train, and rows of their tables, which tasks declare. Where settings enter,
 * `recipe=deit` or `row=samkd-II-sfd` stands for its values as if they had been typed, and what is typed beside it wins. A run keeps the
 * values, not the name.
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

/** A row of a paper's table: what it sets, preset and all, and the figure that is printed there. */
export interface Row {
  /** Begins the names of a table's rows. */
  of: string;
  /** Paper and table, for people. */
  table: string;
  label: string;
  /** The printed score in %. */
  paper: number;
  values: Readonly<Record<string, Value>>;
}

/** Rows of one table: by the end of their names, what a row is called, the paper's figure and its settings beside the common ones. */
export function tableRows(
  name: string,
  table: string,
  common: Record<string, Value>,
  rows: Record<string, [label: string, paper: number, Record<string, Value>?]>,
): Record<string, Row> {
  return Object.fromEntries(
    Object.entries(rows).map(([end, [label, paper, values]]) => [
      `${name}-${end}`,
      { of: name, table, label, paper, values: { ...common, ...values } },
    ]),
  );
}

type Named = Readonly<Record<string, Pick<Recipe, "values">>>;

/** Name-value pairs with any recipe and any row among them written out before the rest, and what cannot be one in words. */
export function unfolded(pairs: readonly [string, string][], rows: Named): { pairs: [string, string][]; problems: string[] } {
  const first = written("recipe", pairs, RECIPES);
  const second = written("row", first.pairs, rows);
  return { pairs: second.pairs, problems: [...first.problems, ...second.problems] };
}

function written(word: string, pairs: readonly [string, string][], all: Named): { pairs: [string, string][]; problems: string[] } {
  const rest = pairs.filter(([key]) => key !== word);
  const name = pairs.findLast(([key]) => key === word)?.[1];
  if (name === undefined) return { pairs: rest, problems: [] };
  if (!Object.hasOwn(all, name))
    return { pairs: rest, problems: [`${word} cannot be "${name}". Use one of ${Object.keys(all).join(", ")}.`] };
  const values = Object.entries(all[name].values).map(([key, value]): [string, string] => [key, String(value)]);
  return { pairs: [...values, ...rest], problems: [] };
}
