/** Settings that cannot go together. */
import { COARSEST_STRIDE } from "../../models/detector/kinds";
import { widthConflict } from "../widths";
import type { MimSettings } from "./settings";

/** What to say at which setting: heads that do not divide a width, patches that do not tile the image or a ResNet's coarsest map. */
export const conflictsOf = (settings: MimSettings): Record<string, string> =>
  settings.backbone === "vit" ? vitConflicts(settings) : resnetConflicts(settings);

function resnetConflicts({ side, patch, stem }: MimSettings): Record<string, string> {
  return {
    ...(patch !== COARSEST_STRIDE && {
      patch: `The coarsest map of a ResNet has a stride of ${COARSEST_STRIDE}: patches have to be as large.`,
    }),
    ...(side % COARSEST_STRIDE !== 0 && { side: `Patches of ${COARSEST_STRIDE} pixels do not tile images of ${side}.` }),
    ...(side === COARSEST_STRIDE && { side: `An image of ${side} pixels is a single patch: there is nothing to tell it from.` }),
    ...(stem % 4 !== 0 && { stem: `Channels are normalised by fours: ${stem} is no multiple.` }),
  };
}

function vitConflicts(settings: MimSettings): Record<string, string> {
  const { side, patch, "mim.decoderWidth": width, "mim.decoderHeads": heads } = settings;
  return {
    ...widthConflict(settings),
    ...(side % patch !== 0 && { patch: `Patches of ${patch} pixels do not tile images of ${side}.` }),
    ...(width % heads !== 0 && { "mim.decoderHeads": `A decoder of width ${width} cannot be split into ${heads} heads.` }),
  };
}
