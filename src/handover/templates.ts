/** The files of `python/` as they lie there: readable PyTorch, the same for every run. */
import { EngineError } from "../engine/errors";

const FILES = import.meta.glob<string>("/python/**/*.{py,md}", { query: "?raw", import: "default", eager: true });

type Text = [name: string, text: string];

/** The files of every project, and those of one folder. Throws an EngineError where there is no such folder. */
export function templates(folder: string): Record<"shared" | "own", Text[]> {
  const found = (below: string) =>
    Object.entries(FILES).flatMap(([path, text]): Text[] => {
      const name = path.slice(below.length);
      return path.startsWith(below) && !name.includes("/") ? [[name, text]] : [];
    });
  const own = found(`/python/${folder}/`);
  if (own.length === 0) throw new EngineError(`There is no PyTorch project in python/${folder}.`, "Report this.");
  return { shared: found("/python/"), own };
}
