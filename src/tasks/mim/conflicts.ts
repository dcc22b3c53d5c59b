/** Settings that cannot go together. */
import { widthConflict } from "../widths";
import type { MimSettings } from "./settings";

/** What to say at which setting: heads that do not divide a width, patches that do not tile the image. */
export function conflictsOf(settings: MimSettings): Record<string, string> {
  const { side, patch, "mim.decoderWidth": width, "mim.decoderHeads": heads } = settings;
  return {
    ...widthConflict(settings),
    ...(side % patch !== 0 && { patch: `Patches of ${patch} pixels do not tile images of ${side}.` }),
    ...(width % heads !== 0 && { "mim.decoderHeads": `A decoder of width ${width} cannot be split into ${heads} heads.` }),
  };
}
