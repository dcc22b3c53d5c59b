/** What differs between the kinds of pictures that a vision transformer learns to name: images here, sounds in the wing of audio. */
import type { Pictures } from "../../data/dataset";
import { CLASSIFICATION_METHODS } from "../../methods/classification";
import type { ClassificationMethod } from "../../methods/classification/method";
import type { ViTConfig } from "../../models/vit/config";
import type { LiveValues } from "../task";
import type { ClassificationSettings } from "./settings";
import type { Augmentation, Masking } from "./step";

/** How a student cuts pictures into patches. */
export type Cut = Pick<ViTConfig, "patch" | "stride">;

export interface Kind {
  /** Folders of `python/` with files of its own. */
  projects: readonly string[];
  methods: Readonly<Record<string, ClassificationMethod>>;
  cut(settings: ClassificationSettings, dataset: Pictures, teacher?: ViTConfig): Cut;
  /** How pictures are changed while they are learned from. */
  augmentation(settings: ClassificationSettings, live: LiveValues, dataset: Pictures): Augmentation | Masking | undefined;
}

/** Images; unless the settings say otherwise they are cut into the teacher's patches, or into 8 x 8 of them. */
export const IMAGES: Kind = {
  projects: [],
  methods: CLASSIFICATION_METHODS as Kind["methods"],
  cut({ patch }, { side }, teacher) {
    return { patch: patch || (teacher && side % teacher.patch === 0 ? teacher.patch : Math.ceil(side / 8)) };
  },
  augmentation({ augment, operations, seed }, { step, crop, magnitude, erasing, mixup, cutmix }, { moments }) {
    if (augment === "none") return undefined;
    const heavy = { magnitude, erasing, mixup, cutmix, operations, moments };
    if (augment === "heavy") return { seed, step, crop, heavy, first: operations === "full" ? "crop" : "shift" };
    return { seed, step, crop, first: augment === "crop" ? "crop" : "shift" };
  },
};
