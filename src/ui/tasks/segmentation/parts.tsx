/** Segmentation's components. */
import { useStore } from "../../state/app";
import { CostCard } from "../masks/CostCard";
import { FrequencyMaps } from "../masks/FrequencyMaps";
import { KeepExtras } from "../masks/KeepExtras";
import type { ExtrasProps, TaskParts } from "../parts";
import { ClassScores } from "./ClassScores";
import { frequencyOf, galleryOf, patchCount } from "./gallery";
import "./segmentation.css";

export const SEGMENTATION_PARTS: TaskParts = {
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
