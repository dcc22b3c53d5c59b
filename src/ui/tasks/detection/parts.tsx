/** Detection's components. */

import { lazy, Suspense } from "react";
import type { TaskParts } from "../parts";
import { madeOnce } from "../pickable";
import { Alarms } from "./Alarms";
import { scenePictures } from "./bakeScene";
import { ErasureMaps } from "./ErasureMaps";
import { galleryOf } from "./gallery";
import "./detection.css";

const FeaturesBeside = lazy(() => import("./FeaturesBeside").then((loaded) => ({ default: loaded.FeaturesBeside })));
const DetectorErrors = lazy(() => import("./DetectorErrors"));

export const DETECTION_PARTS: TaskParts = {
  pictures: madeOnce(galleryOf, scenePictures),
  Details: () => (
    <div className="stack details-stack">
      <Alarms />
      <Suspense>
        <FeaturesBeside />
        <DetectorErrors />
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
