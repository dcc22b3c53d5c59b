/** Segmentation's components. */
import { lazy, Suspense } from "react";
import { useStore } from "../../state/app";
import { KeepExtras } from "../masks/KeepExtras";
import type { ExtrasProps, TaskParts } from "../parts";
import { patchCount } from "./patches";

const Details = lazy(() => import("./Details"));

export const SEGMENTATION_PARTS: TaskParts = {
  Details: () => (
    <Suspense>
      <Details />
    </Suspense>
  ),
  ImportHelp: () => (
    <p className="hint">
      A teacher is a Segmenter that this page has exported or trained, as safetensors, for these classes and this image side.
    </p>
  ),
  extras: { keep: Keep },
};

function Keep({ value, onChange }: ExtrasProps) {
  return <KeepExtras value={Number(value)} patches={useStore(patchCount)} onChange={onChange} />;
}
