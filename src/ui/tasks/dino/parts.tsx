/** Self-distillation's components. */

import { useStore } from "../../state/app";
import { CostCard, type PaperRow } from "../masks/CostCard";
import { KeepExtras } from "../masks/KeepExtras";
import type { ExtrasProps, TaskParts } from "../parts";
import { madeOnce, namedPictures } from "../pickable";
import { galleryOf, patchCount } from "./gallery";

/** Table 4: DINO of a ViT-S/16 on ImageNet for 100 epochs, one crop of the teacher's two counted. What it calls a FLOP is a MAC. */
const PAPER: PaperRow[] = [{ name: "DINO, ViT-S, PFLOPs", of: [589, 384], format: String }];

export const DINO_PARTS: TaskParts = {
  pictures: madeOnce(galleryOf, namedPictures),
  Details: () => <CostCard paper={{ heads: ["all 196", "66 %"], rows: PAPER }} />,
  ImportHelp: () => null,
  extras: { keep: Keep },
};

function Keep({ value, onChange }: ExtrasProps) {
  return <KeepExtras value={Number(value)} patches={useStore(patchCount)} onChange={onChange} />;
}
