/** Settings that cannot go together. */
import { BASE_LOSSES } from "../../methods/classification";
import type { ClassificationMethod } from "../../methods/classification/method";
import { widthConflict } from "../widths";
import type { ClassificationSettings } from "./settings";

/**
 * What to say at which setting: heads that do not divide the width, patches that do not tile the image, merged tokens where tokens
 * are compared, features that are taught and frozen.
 */
export function conflictsOf(settings: ClassificationSettings): Record<string, string> {
  const { side, patch, tome, teacher, base, frozen } = settings;
  const tiled = patch === 0 || side % patch === 0;
  const compared = teacher !== "none" && tome > 0 && comparesTokens(settings);
  return {
    ...widthConflict(settings),
    ...(!tiled && { patch: `Patches of ${patch} pixels do not tile images of ${side}.` }),
    ...(compared && { tome: `The base loss "${base}" compares tokens one by one, so none may be merged. Use logit or hard.` }),
    ...recomputeConflict(settings),
    ...(frozen === "on" &&
      comparesTokens(settings) && { frozen: `The base loss "${base}" teaches features, which are frozen. Use logit or hard.` }),
  };
}

/** Where what the blocks keep for their gradients cannot be dropped. */
export function recomputeConflict({
  recompute,
  base,
  family,
}: Pick<ClassificationSettings, "recompute" | "base" | "family">): Record<string, string> {
  if (recompute === "off") return {};
  if (base === "attention")
    return { recompute: `The base loss "attention" teaches inside the blocks, whose values are dropped. Use logit, or off.` };
  return family === "cait" ? { recompute: "CaiT's blocks keep what they compute. Use another family, or off." } : {};
}

/** Whether the base loss compares the two networks token by token. */
export function comparesTokens({ base }: Pick<ClassificationSettings, "base">): boolean {
  return base !== "logit" && (BASE_LOSSES[base] as ClassificationMethod).comparesTokens === true;
}
