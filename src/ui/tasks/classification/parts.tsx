/** Classification's components. */

import { scaled, short } from "../../format";
import { useStore } from "../../state/app";
import { CostCard, type PaperRow } from "../masks/CostCard";
import { FrequencyMaps } from "../masks/FrequencyMaps";
import { KeepExtras } from "../masks/KeepExtras";
import { MasksBeside } from "../masks/MasksBeside";
import { Stages } from "../masks/Stages";
import type { ExtrasProps, TaskParts } from "../parts";
import { madeOnce, namedPictures } from "../pickable";
import { frequencyOf, galleryOf, LOOKS, patchCount } from "./gallery";
import { ImportHelp } from "./ImportHelp";
import { Proposition } from "./Proposition";

/** The paper's DeiT-S teacher (Tables 2 and 10) and training with DeiT-B (Table 11). What it calls a FLOP is a MAC. */
const PAPER: PaperRow[] = [
  { name: "DeiT-S, MACs per image", of: [4_540_695_552, 2_192_458_752], format: scaled },
  { name: "DeiT-S to Ti, images/s", of: [1790, 3702], format: short, more: true },
  { name: "DeiT-B, training memory", of: [12_925e6, 9_838e6], format: (value) => `${short(value / 1e9)} GB` },
];

export const CLASSIFICATION_PARTS: TaskParts = {
  pictures: madeOnce(galleryOf, namedPictures),
  Details,
  ImportHelp,
  extras: { keep: Keep },
};

function Details() {
  const { grid, objects } = useStore(galleryOf);
  return (
    <>
      <FrequencyMaps frequency={useStore(frequencyOf)} grid={grid} objects={objects} anywhere />
      <CostCard paper={{ heads: ["all 196", "50 %"], rows: PAPER }}>
        <Stages />
      </CostCard>
      <MasksBeside looks={LOOKS} />
      <Proposition />
    </>
  );
}

function Keep({ value, onChange }: ExtrasProps) {
  return <KeepExtras value={Number(value)} patches={useStore(patchCount)} onChange={onChange} />;
}
