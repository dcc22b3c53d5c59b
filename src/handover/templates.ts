/** The files of `python/` as they lie there: readable PyTorch, the same for every run. */
import { EngineError } from "../engine/errors";

const FILES = import.meta.glob<string>("/python/**/*.{py,md}", { query: "?raw", import: "default", eager: true });

type Text = [name: string, text: string];

/** The files right in a folder, or at the top of `python/`. Throws an EngineError where there are none. */
export function filesIn(folder?: string): Text[] {
  const below = folder === undefined ? "/python/" : `/python/${folder}/`;
  const found = Object.entries(FILES).flatMap(([path, text]): Text[] => {
    const name = path.slice(below.length);
    return path.startsWith(below) && !name.includes("/") ? [[name, text]] : [];
  });
  if (found.length === 0) throw new EngineError(`There is no PyTorch project in python/${folder}.`, "Report this.");
  return found;
}

/** The files of every project, and those of some folders; where two have one of the same name, that of the last folder counts. */
export const templates = (folders: readonly string[]): Text[] => [...new Map([...filesIn(), ...folders.flatMap(filesIn)])];
