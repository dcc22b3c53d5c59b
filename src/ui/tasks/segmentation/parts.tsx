/** Segmentation's components. */
import { useStore } from "../../state/app";
import type { ExtrasProps, TaskParts } from "../parts";
import { CostCard } from "../shared/CostCard";
import { FrequencyMaps } from "../shared/FrequencyMaps";
import { KeepExtras } from "../shared/KeepExtras";
import { ClassScores } from "./ClassScores";
import { frequencyOf, galleryOf, patchCount } from "./gallery";
import { MaskPictures } from "./MaskPictures";
import "./segmentation.css";

export const SEGMENTATION_PARTS: TaskParts = {
  Pictures: MaskPictures,
  Details: () => (
    <>
      <ClassScores />
      <Frequency />
      <CostCard />
    </>
  ),
  ImportHelp: () => (
    <p className="hint">
      A teacher is a Segmenter that this page has exported or trained, as safetensors, for these classes and this image side.
    </p>
  ),
  extras: { keep: Keep },
};

function Frequency() {
  return <FrequencyMaps frequency={useStore(frequencyOf)} grid={useStore(galleryOf).grid} />;
}

function Keep({ value, onChange }: ExtrasProps) {
  return <KeepExtras value={Number(value)} patches={useStore(patchCount)} onChange={onChange} />;
}
