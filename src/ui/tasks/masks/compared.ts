/** By what two runs of a task that masks patches and names pictures are compared. */
import type { Snapshot } from "../../../tasks/classification/views";
import { meanOverHeads } from "../classification/layers";
import { maskMaps, timesMap } from "../compared";
import type { TaskPage } from "../page";
import type { Looks } from "./looks";

export const comparedAt = ({ galleryOf }: Looks): NonNullable<TaskPage["compared"]> => ({
  view: "snapshot",
  look(value, state) {
    const snapshot = value as Snapshot;
    const { classes, labels, grid } = galleryOf(state);
    return {
      maps: [timesMap("Student's attention", meanOverHeads(snapshot), snapshot.grid), ...maskMaps(snapshot, labels.length, grid)],
      says: snapshot.student.map((answer, i) =>
        labels[i] < 0 ? classes[answer] : `${classes[answer]} ${answer === labels[i] ? "✓" : "✗"}`,
      ),
    };
  },
});
