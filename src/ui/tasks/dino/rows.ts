/** The rows of the pictures: a global crop and its kept patches, a local crop, and whom the class tokens attend to. */
import type { CropGallery, CropSnapshot } from "../../../tasks/dino/views";
import { cellsOf } from "../../draw/grid";
import { attentionOf, extent, keptOf, type Layer } from "../masks/layer";

/** A layer, and the images that lie under it: the gallery's where there are no others. */
export interface Row extends Layer {
  images?: { planes: Uint8Array; side: number };
}

const ATTENDS = { unit: "attention", note: "its class token, whole images" };

/** What there is to show of a step. */
export function rowsOf(gallery: CropGallery, snapshot: CropSnapshot | undefined): Row[] {
  const { grid } = gallery;
  const plain = { unit: "", grid, range: [0, 0] as [number, number] };
  if (!snapshot) return [{ ...plain, id: "images", title: "Images", note: "held out, cut into patches" }];
  const count = snapshot.student.length / cellsOf(grid);
  const { student, teacher, kept } = snapshot;
  const choice = kept ? `the best ${extent(kept, count, gallery)}` : "every patch is shown to the teacher";
  return [
    { ...plain, id: "images", title: "Images", note: choice, ...(kept && keptOf(kept, count)) },
    cropRow(snapshot, gallery, count),
    ...localRow(snapshot, gallery, count),
    {
      ...plain,
      ...attentionOf(student, grid, ATTENDS),
      id: "student",
      title: "Student attends",
    },
    {
      ...plain,
      ...attentionOf(teacher, grid, ATTENDS),
      id: "teacher",
      title: "Teacher attends",
    },
  ];
}

/** The first global crop of each image. */
function cropRow({ global, keptOfCrops }: CropSnapshot, { grid, side, channels }: CropGallery, count: number): Row {
  const first = keptOfCrops?.subarray(0, keptOfCrops.length / 2);
  const planes = global.subarray(0, count * channels * side ** 2);
  const note = first ? `first of two: ${first.length / count} of ${cellsOf(grid)} patches` : "first of two: every patch";
  const row: Row = { id: "crop", title: "Teacher sees", note, unit: "", grid, range: [0, 0], images: { planes, side } };
  return first ? { ...row, ...keptOf(first, count) } : row;
}

/** The first local crop of each image; none where there are no such crops. */
function localRow({ local, localSide: side }: CropSnapshot, gallery: CropGallery, count: number): Row[] {
  if (!local) return [];
  const each = gallery.channels * side ** 2;
  const note = `the student alone: first of ${local.length / each / count}`;
  const cells = Math.round((gallery.grid[0] * side) / gallery.side);
  const planes = local.subarray(0, count * each);
  return [{ id: "local", title: "Local crop", note, unit: "", grid: [cells, cells], range: [0, 0], images: { planes, side } }];
}
