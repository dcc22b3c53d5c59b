/** The files of `python/` as they lie there: readable PyTorch, the same for every run. */
import { EngineError } from "../engine/errors";

const FILES = import.meta.glob<string>("/python/**/*.{py,md}", { query: "?raw", import: "default", eager: true });

/** The files of every project, and those of one folder: name and text. Throws an EngineError where there is no such folder. */
export function templates(folder: string): [name: string, text: string][] {
  const found = (below: string) =>
    Object.entries(FILES).flatMap(([path, text]): [string, string][] => {
      const name = path.slice(below.length);
      return path.startsWith(below) && !name.includes("/") ? [[name, text]] : [];
    });
  const own = found(`/python/${folder}/`);
  if (own.length === 0) throw new EngineError(`There is no PyTorch project in python/${folder}.`, "Report this.");
  return [...found("/python/"), ...own];
}
