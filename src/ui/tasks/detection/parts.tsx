/** Detection's components. */
import { lazy, Suspense } from "react";
import type { TaskParts } from "../parts";
import { Alarms } from "./Alarms";
import { ErasureMaps } from "./ErasureMaps";
import { galleryOf } from "./gallery";
import "./detection.css";

// It brings the chart library along.
const ErrorCosts = lazy(() => import("./ErrorCosts"));

export const DETECTION_PARTS: TaskParts = {
  Details: () => (
    <div className="stack details-stack">
      <Alarms />
      <Suspense>
        <ErrorCosts galleryOf={galleryOf} />
      </Suspense>
      <ErasureMaps />
    </div>
  ),
  ImportHelp: () => (
    <p className="hint">
      A teacher is a detector that this page has exported or trained, as safetensors, for these classes and this image side.
    </p>
  ),
};
