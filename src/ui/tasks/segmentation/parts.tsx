/** Segmentation's components. */

import { lazy, Suspense } from "react";
import { useStore } from "../../state/app";
import { KeepExtras } from "../masks/KeepExtras";
import { bakedOf } from "../masks/LayerCanvas";
import type { ExtrasProps, TaskParts } from "../parts";
import { madeOnce } from "../pickable";
import { galleryOf } from "./gallery";
import { patchCount } from "./patches";

const Details = lazy(() => import("./Details"));

export const SEGMENTATION_PARTS: TaskParts = {
  pictures: madeOnce(galleryOf, ({ images, side }) =>
    bakedOf(images, side, 3).map(({ colour }, i) => ({ picture: colour, name: `scene ${i + 1}` })),
  ),
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
