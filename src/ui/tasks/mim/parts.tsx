/** Components of masked image modelling: there is little besides its pictures. */
import type { TaskParts } from "../parts";
import { madeOnce, namedPictures } from "../pickable";
import { galleryOf } from "./gallery";

export const MIM_PARTS: TaskParts = {
  pictures: madeOnce(galleryOf, namedPictures),
  Details: () => null,
  ImportHelp: () => (
    <p className="hint">
      A teacher is a masked autoencoder that this page has exported or trained (MAE), encoder and decoder, as safetensors, with these
      patches and this image side.
    </p>
  ),
};
