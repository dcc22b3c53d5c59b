/** How many patches an image has: what controls need to know before any picture is painted. */
import { cellsOf, type Grid } from "../../draw/grid";
import type { State } from "../../state/store";
import { viewOf } from "../../state/views";

/** Of a task's pictures, which are cut as `usual` before the worker has sent any. */
export const patchCountOf =
  (task: string, usual: Grid) =>
  (state: State): number =>
    cellsOf(viewOf<{ gallery: { grid: Grid } }, "gallery">(state, task, "gallery")?.grid ?? usual);
