/** The rows of the pictures: images, what is left of them, what is told of the rest, and with a teacher how far the student is from it. */
import type { CropGallery } from "../../../tasks/dino/views";
import type { MimSnapshot } from "../../../tasks/mim/views";
import { cellsOf } from "../../draw/grid";
import { short } from "../../format";
import { keptOf, type Layer, valuesOf } from "../masks/layer";

export interface Row extends Layer {
  /** The images that lie under it, u8 [n, channels, side, side]. */
  planes: Uint8Array;
}

const FAR = "smooth absolute difference from the teacher's, mean over the features of each patch";

/** What there is to show of a step. */
export function rowsOf({ grid, images, channels, side }: CropGallery, snapshot: MimSnapshot | undefined): Row[] {
  const plain = { unit: "", grid, range: [0, 0] as [number, number] };
  const whole: Row = { ...plain, id: "images", title: "Images", note: "held out, cut into patches", planes: images };
  if (!snapshot) return [whole];
  const count = images.length / (channels * side ** 2);
  const { kept, told, loss, errors } = snapshot;
  const seen = `${kept.length / count} of ${cellsOf(grid)} patches, the same ones over the run`;
  const difference = `squared difference there ${short(loss)}; each has the real one's mean and contrast if targets are normalised`;
  const left = { ...plain, id: "seen", planes: images, note: seen, ...keptOf(kept, count) };
  if (!errors)
    return [
      whole,
      { ...left, title: "The encoder sees" },
      { ...plain, id: "told", title: "The decoder tells", note: difference, planes: told },
    ];
  const far = { ...plain, id: "errors", title: "The student's features differ", note: FAR, unit: "difference", planes: images };
  return [
    whole,
    { ...left, title: "Both encoders see" },
    { ...plain, id: "told", title: "The teacher's decoder tells", note: "pixels; the student learns its features", planes: told },
    { ...far, ...valuesOf(errors, grid) },
  ];
}
