/** How many patches there are: what controls need to know before any picture is painted. */
import type { YolosViews } from "../../../tasks/yolos/views";
import { cellsOf } from "../../draw/grid";
import type { State } from "../../state/store";
import { viewOf } from "../../state/views";

export const TASK = "yolos";

/** As images are cut for the teacher that comes with the page. */
export const GRID: [rows: number, columns: number] = [8, 8];

/** Patches of an image. */
export const patchCount = (state: State): number => cellsOf(viewOf<YolosViews, "gallery">(state, TASK, "gallery")?.grid ?? GRID);
