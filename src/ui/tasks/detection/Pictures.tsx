/** Detection's pictures: what is found, and the features that are compared. */
import { BoxPictures } from "./BoxPictures";
import { FeaturePictures } from "./Features";
import "./detection.css";

export default function Pictures() {
  return (
    <div className="pictures stack">
      <BoxPictures />
      <FeaturePictures />
    </div>
  );
}
