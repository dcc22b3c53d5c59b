/** What is found, and which patches the teacher is not shown. */
import type { PatchedGallery, PatchedSnapshot } from "../../../tasks/yolos/views";
import { usePick } from "../../state/app";
import { BoxPictures, type BoxSource, type Patches } from "../detection/BoxPictures";
import { galleryOf, snapshotOf, snapshotsOf } from "./gallery";
import { TASK } from "./patches";
import "../detection/detection.css";

const SOURCE: BoxSource = {
  ...{ task: TASK, galleryOf, snapshotOf, snapshotsOf, useImage },
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

/** Patches kept of each image of the gallery, and of the visitor's own picture if that was looked at; undefined where all are seen. */
export function patchesOf({ grid, truths, own }: PatchedGallery, snapshot: PatchedSnapshot | undefined): Patches | undefined {
  const kept = snapshot?.kept;
  if (!kept) return undefined;
  const k = kept.length / truths.length;
  const ofOwn = snapshot.own?.number === own?.number ? snapshot.own?.kept : undefined;
  return { grid, kept: truths.map((_, i) => new Set(kept.subarray(i * k, (i + 1) * k))), own: ofOwn && new Set(ofOwn) };
}
