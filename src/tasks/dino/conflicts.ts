/** Settings that cannot go together. */
import { widthConflict } from "../widths";
import type { DinoSettings } from "./settings";

/** What to say at which setting: heads that do not divide the width, patches that do not tile the crops. */
export function conflictsOf(settings: DinoSettings): Record<string, string> {
  const { side, patch, localSide } = settings;
  const tiled = (pixels: number) => pixels % patch === 0;
  return {
    ...widthConflict(settings),
    ...(!tiled(side) && { patch: `Patches of ${patch} pixels do not tile crops of ${side}.` }),
    ...(!tiled(localSide) && { localSide: `Patches of ${patch} pixels do not tile local crops of ${localSide}. Use a multiple.` }),
  };
}
