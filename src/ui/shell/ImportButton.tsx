/** Takes a network's file in, as the teacher or as a guide. */
import { teachers } from "../state/app";
import type { Role } from "../state/teacherActions";
import { FilePicker } from "./FilePicker";

export function ImportButton({ as }: { as: Role }) {
  return (
    <FilePicker
      label={as === "teacher" ? "Teacher file" : "Guide file"}
      accept=".safetensors"
      onPick={([file]) => void teachers.import(as, file)}
    >
      Import a {as}
    </FilePicker>
  );
}
