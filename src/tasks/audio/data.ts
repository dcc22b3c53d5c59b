/** Where sounds with a class each come from: generated, or a person's own recordings. */

import { SOUNDS } from "../../data/generated.id";
import { openSounds } from "../../data/open.sounds";
import { type PackedSounds, packedSounds, type SoundSet, type SoundSplit, unpackedSounds } from "../../data/sounds";
import { generatedSounds } from "../../data/sounds.generated";
import { countsOf } from "../counts";
import type { TaskData } from "../definition";

export const data: TaskData<SoundSet> = {
  generated: generatedSounds,
  optionsOf: SOUNDS.optionsOf,
  async open(files, { decoders, ...options }) {
    const { notes, ...packed } = await openSounds(files, { ...options, decode: decoders.sound });
    return { packed, notes };
  },
  pack: packedSounds,
  unpack: (from) => unpackedSounds(from as PackedSounds),
  channels: () => 1,
  contents({ classes, train, test }) {
    const counts = ({ count, label }: SoundSplit) =>
      countsOf(
        classes,
        Array.from({ length: count }, (_, i) => label(i)),
      );
    return { kind: "sounds", counts: { train: counts(train), test: counts(test) } };
  },
};
