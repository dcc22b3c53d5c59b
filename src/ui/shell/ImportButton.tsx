/** Takes a network's file, perhaps with its configuration, in: as the teacher, as a guide, or as what the student begins as. */
import { teachers } from "../state/app";
import { picked } from "../state/files";
import type { Role } from "../state/teacherActions";
import { FilePicker } from "./FilePicker";

export function ImportButton({ as }: { as: Role }) {
  return (
    <FilePicker
      label={`${as[0].toUpperCase()}${as.slice(1)} file`}
      accept=".safetensors,.json,.zip"
      multiple
      onPick={(files) => void teachers.import(as, picked(files))}
    >
      Import a {as}
    </FilePicker>
  );
}
