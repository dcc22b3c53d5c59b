/** Sounds as pictures that a vision transformer learns to name. */
import type { Pictures } from "../../data/dataset";
import { lazily } from "../../data/lazily";
import { type SoundSet, type SoundSplit, spectrogram } from "../../data/sounds";
import { AUDIO_METHODS } from "../../methods/audio";
import type { Kind } from "../classification/kind";
import type { AudioSettings } from "./settings";

/** Spectrograms [1, bands, frames] of the sounds, each made when it is first asked for. Their values are logarithms, not normalised yet. */
export function spectrograms({ train, test, ...sounds }: SoundSet, frames: number): Pictures {
  const { side } = sounds;
  const split = ({ count, wave, label, object }: SoundSplit): Pictures["train"] => ({
    ...{ count, label, image: lazily((i) => spectrogram(wave(i), side, frames), 4 * side * frames) },
    ...(object && { object: (i) => object(i, side, frames) }),
  });
  return { ...sounds, columns: frames, full: 1, train: split(train), test: split(test) };
}

/** What a place becomes that SpecAugment masks: a logarithm of 0, normalised, as in AST's code. */
const masked = ({ mean: [mean], std: [std] }: Pictures["moments"]) => -mean / std;

/** Cut as the settings say; learned from under SpecAugment. */
export const SPECTROGRAMS: Kind = {
  projects: ["audio"],
  methods: AUDIO_METHODS as Kind["methods"],
  cut(settings) {
    const { patch, stride } = settings as unknown as AudioSettings;
    return { patch, ...(stride < patch && { stride }) };
  },
  augmentation(settings, { step, maskedBands: bands, maskedFrames: frames }, { moments }) {
    const { augment, seed } = settings as unknown as AudioSettings;
    return augment === "spec" ? { masks: true, seed, step, bands, frames, fill: masked(moments) } : undefined;
  },
};
