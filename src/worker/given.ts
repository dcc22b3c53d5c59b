/** Files a visitor gives, as the readers of src/data take them. */
import type { SourceFile } from "../data/files";
import { EngineError } from "../engine/errors";
import type { GivenFile } from "./readerProtocol";

export function sourceOf({ path, file }: GivenFile): SourceFile {
  return { path, size: file.size, bytes: async () => new Uint8Array(await readable(file.arrayBuffer(), path)) };
}

/** A file that was moved, changed or locked since it was chosen cannot be read any more. */
function readable<T>(reading: Promise<T>, path: string): Promise<T> {
  return reading.catch(() => {
    throw new EngineError(`${path} can no longer be read: it was changed, moved or locked.`, "Choose the files again.");
  });
}
