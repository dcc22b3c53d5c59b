/** Classification's components. */
import { useStore } from "../../state/app";
import { FrequencyMaps } from "../masks/FrequencyMaps";
import { KeepExtras } from "../masks/KeepExtras";
import type { ExtrasProps, TaskParts } from "../parts";
import { CostCard } from "./CostCard";
import { frequencyOf, galleryOf, patchCount } from "./gallery";
import { ImportHelp } from "./ImportHelp";
import { Pictures } from "./Pictures";
import "./classification.css";

export const CLASSIFICATION_PARTS: TaskParts = {
  Pictures,
  Details,
  ImportHelp,
  extras: { keep: Keep },
};

function Details() {
  const { grid, objects } = useStore(galleryOf);
  return (
    <>
      <FrequencyMaps frequency={useStore(frequencyOf)} grid={grid} objects={objects} />
      <CostCard />
    </>
  );
}

function Keep({ value, onChange }: ExtrasProps) {
  return <KeepExtras value={Number(value)} patches={useStore(patchCount)} onChange={onChange} />;
}
