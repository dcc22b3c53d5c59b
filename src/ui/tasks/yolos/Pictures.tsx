/** What is found, and which patches the teacher is not shown. */
import type { PatchedGallery, PatchedSnapshot } from "../../../tasks/yolos/views";
import { usePick } from "../../state/app";
import { BoxPictures, type BoxSource, type Patches } from "../detection/BoxPictures";
import { galleryOf, snapshotOf, snapshotsOf } from "./gallery";
import "../detection/detection.css";

const SOURCE: BoxSource = {
  ...{ galleryOf, snapshotOf, snapshotsOf, useImage },
  patchesOf: (gallery, snapshot) => patchesOf(gallery as PatchedGallery, snapshot),
};

export default function Pictures() {
  return (
    <div className="pictures stack">
      <BoxPictures source={SOURCE} />
    </div>
  );
}

function useImage(): ReturnType<BoxSource["useImage"]> {
  const [{ image }, choose] = usePick("yolos", { image: 0 });
  return [image, (image) => choose({ image })];
}

/** Patches kept of each image of the gallery; undefined where all are seen. */
export function patchesOf({ grid, truths }: PatchedGallery, snapshot: PatchedSnapshot | undefined): Patches | undefined {
  const kept = snapshot?.kept;
  if (!kept) return undefined;
  const k = kept.length / truths.length;
  return { grid, kept: truths.map((_, i) => new Set(kept.subarray(i * k, (i + 1) * k))) };
}
