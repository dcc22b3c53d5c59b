/** The rows of the pictures: images, what is left of them, and what is told of the rest. */
import type { CropGallery } from "../../../tasks/dino/views";
import type { MimSnapshot } from "../../../tasks/mim/views";
import { cellsOf } from "../../draw/grid";
import { short } from "../../format";
import { keptOf, type Layer } from "../masks/layer";

export interface Row extends Layer {
  /** The images that lie under it, u8 [n, channels, side, side]. */
  planes: Uint8Array;
}

/** What there is to show of a step. */
export function rowsOf({ grid, images, channels, side }: CropGallery, snapshot: MimSnapshot | undefined): Row[] {
  const plain = { unit: "", grid, range: [0, 0] as [number, number] };
  const whole: Row = { ...plain, id: "images", title: "Images", note: "held out, cut into patches", planes: images };
  if (!snapshot) return [whole];
  const count = images.length / (channels * side ** 2);
  const { kept, told, loss } = snapshot;
  const seen = `${kept.length / count} of ${cellsOf(grid)} patches, the same ones over the run`;
  const difference = `squared difference there ${short(loss)}; each has the real one's mean and contrast if targets are normalised`;
  return [
    whole,
    { ...plain, id: "seen", title: "The encoder sees", note: seen, planes: images, ...keptOf(kept, count) },
    { ...plain, id: "told", title: "The decoder tells", note: difference, planes: told },
  ];
}
