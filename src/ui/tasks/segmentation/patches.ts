/** The patches of the page's first images. */
import { patchCountOf } from "../masks/patchCount";

export const TASK = "segmentation";

/** As they are cut for the teacher that comes with the page. */
export const GRID: [rows: number, columns: number] = [8, 8];

export const patchCount = patchCountOf(TASK, GRID);
