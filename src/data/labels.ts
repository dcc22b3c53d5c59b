/** Lists of pictures and their classes, as Tiny ImageNet has one for its validation part: a line "name, tab, class, ..." each. */
import { baseName, foldersOf, type SourceFile, tidied } from "./files";
import { decodeText } from "./text";
import { contents } from "./unpack";

const LIST = /(^|[_.-])annotations\.txt$/i;

export const isClassList = (path: string): boolean => LIST.test(path);

/** The class of a picture, from the nearest list at or above its folder; undefined where none names it. */
export type ClassByList = (file: SourceFile) => string | undefined;

export async function readLists(files: SourceFile[]): Promise<ClassByList> {
  const lists = new Map<string, Map<string, string>>();
  for (const file of files) {
    const lines = decodeText(await contents(file), file.path).split(/\r?\n/);
    const rows = lines.map((line) => line.split("\t")).filter((words) => words.length > 1);
    lists.set(foldersOf(file.path).join("/"), new Map(rows.map(([name, label]) => [tidied(name), tidied(label)])));
  }
  return ({ path }) => {
    const folders = foldersOf(path);
    const nearest = folders.map((_, i) => lists.get(folders.slice(0, folders.length - i).join("/"))).find((list) => list !== undefined);
    return nearest?.get(baseName(path));
  };
}
