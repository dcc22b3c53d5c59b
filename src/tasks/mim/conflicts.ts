/** Settings that cannot go together. */
import { COARSEST_STRIDE } from "../../models/detector/kinds";
import { keyOf } from "../../settings/setting";
import { widthConflict } from "../widths";
import { knob, type MimSettings } from "./settings";

/** What to say at which setting: heads that do not divide a width, patches that do not tile the image or a ResNet's coarsest map. */
export function conflictsOf(settings: MimSettings): Record<string, string> {
  if (settings.backbone === "vit") return vitConflicts(settings);
  if (settings.preset === "g2sd") return { backbone: "G2SD compares tokens of decoders, which only vision transformers have." };
  return resnetConflicts(settings);
}

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
  const { side, patch } = settings;
  const [width, heads] = [knob(settings, "decoderWidth"), knob(settings, "decoderHeads")];
  return {
    ...widthConflict(settings),
    ...(side % patch !== 0 && { patch: `Patches of ${patch} pixels do not tile images of ${side}.` }),
    ...(width % heads !== 0 && {
      [keyOf(settings.preset, "decoderHeads")]: `A decoder of width ${width} cannot be split into ${heads} heads.`,
    }),
  };
}
