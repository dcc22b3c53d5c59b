/** Audio's components. */

import { useStore } from "../../state/app";
import { CostCard, type PaperRow } from "../masks/CostCard";
import { FrequencyMaps } from "../masks/FrequencyMaps";
import { KeepExtras } from "../masks/KeepExtras";
import { MasksBeside } from "../masks/MasksBeside";
import { Stages } from "../masks/Stages";
import type { ExtrasProps, TaskParts } from "../parts";
import { madeOnce, namedPictures } from "../pickable";
import { LOOKS } from "./gallery";

/** Table 3: an AST on ESC-50, TFLOPs of an epoch of one fold at all 600 patches and at half of them. What it calls a FLOP is a MAC. */
const PAPER: PaperRow[] = [{ name: "AST on ESC-50, TFLOPs an epoch", of: [92.8, 44.0], format: String }];

export const AUDIO_PARTS: TaskParts = {
  pictures: madeOnce(LOOKS.galleryOf, namedPictures),
  Details,
  ImportHelp: () => (
    <p className="hint">
      A teacher is an audio transformer that this page or its command line has trained, as safetensors, for these classes, bands and frames.
    </p>
  ),
  extras: { keep: Keep },
};

function Details() {
  const { grid, objects } = useStore(LOOKS.galleryOf);
  return (
    <>
      <FrequencyMaps frequency={useStore(LOOKS.frequencyOf)} grid={grid} objects={objects} />
      <CostCard paper={{ heads: ["all 600", "50 %"], rows: PAPER }}>
        <Stages />
      </CostCard>
      <MasksBeside looks={LOOKS} />
    </>
  );
}

function Keep({ value, onChange }: ExtrasProps) {
  return <KeepExtras value={Number(value)} patches={useStore(LOOKS.patchCount)} onChange={onChange} />;
}
