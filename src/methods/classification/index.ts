/**
 * Classification's methods, and the base losses that go with a mask besides soft labels, by name. To add one: its file, and a
 * line here.
 */
import { attention } from "./attention";
import { hard } from "./hard";
import { manifold } from "./manifold";
import { maskedkd } from "./maskedkd";
import type { ClassificationMethod } from "./method";

export const CLASSIFICATION_METHODS = { maskedkd } as const satisfies Record<string, ClassificationMethod>;

/** By the names of the setting `base`; "logit" is soft labels alone. */
export const BASE_LOSSES = { manifold, attention, hard } as const satisfies Record<string, ClassificationMethod>;
