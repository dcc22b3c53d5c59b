/** Detection's pictures: what is found, and the features that are compared. */
import { BoxPictures, type BoxSource } from "./BoxPictures";
import { FeaturePictures } from "./Features";
import { useFocus } from "./focus";
import { galleryOf, snapshotOf, snapshotsOf, TASK } from "./gallery";
import "./detection.css";

const SOURCE: BoxSource = { task: TASK, galleryOf, snapshotOf, snapshotsOf, useImage };

function useImage(): ReturnType<BoxSource["useImage"]> {
  const [{ image }, choose] = useFocus();
  return [image, (image) => choose({ image })];
}

export default function Pictures() {
  return (
    <div className="pictures stack">
      <BoxPictures source={SOURCE} />
      <FeaturePictures />
    </div>
  );
}
