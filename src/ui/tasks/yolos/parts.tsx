/** Components of detection by transformer. */

import { lazy, Suspense } from "react";
import { useStore } from "../../state/app";
import { scenePictures } from "../detection/bakeScene";
import { KeepExtras } from "../masks/KeepExtras";
import type { ExtrasProps, TaskParts } from "../parts";
import { madeOnce } from "../pickable";
import { galleryOf } from "./gallery";
import { patchCount } from "./patches";

const Details = lazy(() => import("./Details"));

export const YOLOS_PARTS: TaskParts = {
  pictures: madeOnce(galleryOf, scenePictures),
  Details: () => (
    <Suspense>
      <Details />
    </Suspense>
  ),
  ImportHelp: () => (
    <p className="hint">
      A teacher is a YOLOS that this page has exported or trained, as safetensors, for these classes and this image side. A student may also
      begin as a Segmenter, whose encoder it takes.
    </p>
  ),
  extras: { keep: Keep },
};

function Keep({ value, onChange }: ExtrasProps) {
  return <KeepExtras value={Number(value)} patches={useStore(patchCount)} onChange={onChange} />;
}
