/** Settings that cannot go together. */
import { recomputeConflict } from "../classification/conflicts";
import { widthConflict } from "../widths";
import type { AudioSettings } from "./settings";

/** What to say at which setting: heads that do not divide the width, patches that do not fit into the spectrogram. */
export function conflictsOf(settings: AudioSettings): Record<string, string> {
  const { side, frames, patch, stride } = settings;
  return {
    ...widthConflict(settings),
    ...recomputeConflict(settings),
    ...(stride > patch && { stride: `Patches of ${patch} leave gaps when they are ${stride} apart. Use ${patch} or less.` }),
    ...(stride === patch && (side % patch || frames % patch) && { patch: untiled(settings) }),
    ...(patch > Math.min(side, frames) && { patch: `Patches of ${patch} do not fit into a spectrogram of ${side} x ${frames}.` }),
  };
}

const untiled = ({ side, frames, patch }: AudioSettings) =>
  `Patches of ${patch} do not tile a spectrogram of ${side} x ${frames}. Use a divisor of both, or a smaller distance of patches.`;
