/** Classification's components. */
import { useStore } from "../../state/app";
import { KeepExtras } from "../KeepExtras";
import type { ExtrasProps, TaskParts } from "../parts";
import { CostCard } from "./CostCard";
import { FrequencyMaps } from "./FrequencyMaps";
import { patchCount } from "./gallery";
import { ImportHelp } from "./ImportHelp";
import { Pictures } from "./Pictures";
import "./classification.css";

export const CLASSIFICATION_PARTS: TaskParts = {
  Pictures,
  Details: () => (
    <>
      <FrequencyMaps />
      <CostCard />
    </>
  ),
  ImportHelp,
  extras: { keep: Keep },
};

function Keep({ value, onChange }: ExtrasProps) {
  return <KeepExtras value={Number(value)} patches={useStore(patchCount)} onChange={onChange} />;
}
