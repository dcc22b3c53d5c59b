/** What errors cost detectors: a file of its own, as it brings the chart library and the painted images along. */
import { ErrorCosts } from "./ErrorCosts";
import { galleryOf } from "./gallery";

export default function DetectorErrors() {
  return <ErrorCosts galleryOf={galleryOf} />;
}
