/** Settings that cannot go together. */
import { widthConflict } from "../widths";
import type { ClassificationSettings } from "./settings";

/** What to say at which setting: heads that do not divide the width, patches that do not tile the image. */
export function conflictsOf(settings: ClassificationSettings): Record<string, string> {
  const { side, patch } = settings;
  const tiled = patch === 0 || side % patch === 0;
  return { ...widthConflict(settings), ...(!tiled && { patch: `Patches of ${patch} pixels do not tile images of ${side}.` }) };
}
