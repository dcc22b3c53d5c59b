/** Detection's pictures: what is found, and the features that are compared. */
import { BoxPictures, type BoxSource } from "./BoxPictures";
import { FeaturePictures } from "./Features";
import { useFocus } from "./focus";
import { galleryOf, snapshotOf, snapshotsOf } from "./gallery";
import { Giving } from "./OwnPicture";
import "./detection.css";

const SOURCE: BoxSource = { galleryOf, snapshotOf, snapshotsOf, useImage, Giving };

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
