/** What is said over pictures of masked patches, in every state that a run can be in. */
import type { Settings } from "../../../settings/run";
import { ownTeacher } from "../../../tasks";
import { bytes } from "../../format";
import type { State } from "../../state/store";

type Run = Pick<State, "active" | "wanted" | "teacher" | "cost">;

/** Who sees less than all: the teacher, or the student where the setting says so; nobody without a teacher. */
function maskedOf({ active, wanted, teacher }: Run): "teacher" | "student" | undefined {
  const settings: Settings = active ?? wanted;
  if (teacher === null && !ownTeacher(settings.preset)) return undefined;
  return settings.masked === "student" ? "student" : "teacher";
}

/** The title of the pictures. */
export function seenTitle(run: Run): string {
  const who = maskedOf(run);
  return who ? `What the ${who} sees` : "What the student looks at";
}

/** What to do with the pictures, and how to read them. */
export function maskHint(run: Run): string {
  const who = maskedOf(run);
  const point = "Point at a patch, or at a step of a chart.";
  return who
    ? `Bright patches are shown to the ${who}; hatched ones are never computed. ${point}`
    : `There is no teacher, so every patch is seen. ${point}`;
}

/** What the card on the teacher's cost says where it has no figures. */
export function costless(run: Run): string | undefined {
  if (!maskedOf(run)) return "There is no teacher, so there is nothing that a mask could save.";
  return run.cost ? undefined : "Shown once a teacher is loaded.";
}

/** What lies on the GPU, of both runs where two go step for step; undefined where that is not known. */
export function buffersOf({ cost, beside }: Pick<State, "cost" | "beside">): string | undefined {
  const whose = beside ? "both runs" : "student, teacher, optimizer and step";
  return cost && `GPU buffers of ${whose}: ${bytes(cost.bufferBytes)}.`;
}
