/** Under the charts: IoU by class, how often patches are kept, what the teacher costs. */
import { useStore } from "../../state/app";
import { CostCard } from "../masks/CostCard";
import { FrequencyMaps } from "../masks/FrequencyMaps";
import { ClassScores } from "./ClassScores";
import { frequencyOf, galleryOf } from "./gallery";

export default function Details() {
  const frequency = useStore(frequencyOf);
  const { grid } = useStore(galleryOf);
  return (
    <>
      <ClassScores />
      <FrequencyMaps frequency={frequency} grid={grid} />
      <CostCard />
    </>
  );
}
