/** Under the charts: how often patches are kept, what the teacher costs, what errors cost. */
import { useStore } from "../../state/app";
import { ErrorCosts } from "../detection/ErrorCosts";
import { CostCard } from "../masks/CostCard";
import { FrequencyMaps } from "../masks/FrequencyMaps";
import { frequencyOf, galleryOf } from "./gallery";

export default function Details() {
  const frequency = useStore(frequencyOf);
  const { grid } = useStore(galleryOf);
  return (
    <>
      <FrequencyMaps frequency={frequency} grid={grid} />
      <CostCard />
      <ErrorCosts galleryOf={galleryOf} />
    </>
  );
}
