/** Pictures to pick from, made once of each gallery. */
import type { State } from "../state/store";
import { bakedOf } from "./masks/LayerCanvas";
import type { Pickable } from "./stage/Picker";

/** A function of the state that makes pictures anew only where `galleryOf` has another gallery. */
export function madeOnce<G extends object>(galleryOf: (state: State) => G, make: (gallery: G) => Pickable[]) {
  const made = new WeakMap<G, Pickable[]>();
  return (state: State): readonly Pickable[] => {
    const gallery = galleryOf(state);
    const pictures = made.get(gallery) ?? make(gallery);
    made.set(gallery, pictures);
    return pictures;
  };
}

interface Named {
  images: Uint8Array;
  side: number;
  channels: number;
  columns?: number;
  labels: readonly number[];
  classes: readonly string[];
}

/** Images u8 [count, channels, side, columns] of one class each. */
export const namedPictures = ({ images, side, channels, columns, labels, classes }: Named): Pickable[] =>
  bakedOf(images, side, channels, columns).map(({ colour }, i) => ({ picture: colour, name: classes[labels[i]] ?? "yours" }));
