/** What each method is shown with. Charts need no entry: they draw whatever a run reports. */
import { lazy, type ReactNode, Suspense } from "react";
import { isDetection, type Preset } from "../../settings/experiment";
import { methodOf } from "../state/methodInfo";
import { CostCard } from "./classification/CostCard";
import { FrequencyMaps } from "./classification/FrequencyMaps";
import { Pictures } from "./classification/Pictures";
import { BoxPictures } from "./detection/BoxPictures";
import { ErasureMaps } from "./detection/ErasureMaps";
import { FeaturePictures } from "./detection/Features";

// It brings the chart library along.
const ErrorCosts = lazy(() => import("./detection/ErrorCosts"));

interface Views {
  /** What this is, in a sentence or two. */
  tagline: string;
  /** Over the charts. */
  pictures: ReactNode;
  /** Under them. */
  details: ReactNode;
}

const CLASSIFICATION: Views = {
  tagline:
    "A small vision transformer learns from a teacher that sees only part of each image. Train it on your own GPU and steer the mask while it learns.",
  pictures: <Pictures />,
  details: (
    <>
      <FrequencyMaps />
      <CostCard />
    </>
  ),
};

const DETECTION: Views = {
  tagline:
    "A small detector learns to find objects from a larger one. Train it on your own GPU, and steer what of its features is erased and compared while it learns.",
  pictures: (
    <div className="pictures stack">
      <BoxPictures />
      <FeaturePictures />
    </div>
  ),
  details: (
    <div className="stack details-stack">
      <Suspense>
        <ErrorCosts />
      </Suspense>
      <ErasureMaps />
    </div>
  ),
};

export function viewsOf(preset: Preset): Views & { paper: ReactNode } {
  return { ...(isDetection(preset) ? DETECTION : CLASSIFICATION), paper: <cite>{methodOf(preset).paper}</cite> };
}
