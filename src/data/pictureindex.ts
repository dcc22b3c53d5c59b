/** Finds the file of a picture by what annotations call it, in a time that does not grow with how many share its name. */
import type { AnnotatedPicture } from "./annotated";
import { foldersOf, type SourceFile, tidied } from "./files";
import { isTestFolder } from "./halves";

/** Files that end alike. */
class Namesakes {
  readonly files: SourceFile[] = [];
  /** By half and by each folder above them, the first; made when there is a choice. */
  private nearest?: Map<string, SourceFile>;

  /** One of that half if there is any, and of those the one that shares the most folders, from the top, with `folders`. */
  near(test: boolean, folders: string[]): SourceFile {
    if (this.files.length === 1) return this.files[0];
    this.nearest ??= this.byFolder();
    for (const half of [test, !test])
      for (let i = folders.length; i >= 0; i--) {
        const found = this.nearest.get(key(half, folders.slice(0, i)));
        if (found) return found;
      }
    return this.files[0];
  }

  private byFolder(): Map<string, SourceFile> {
    const nearest = new Map<string, SourceFile>();
    for (const file of this.files) {
      const folders = foldersOf(file.path);
      const half = isTestFolder(folders);
      for (const one of [folders, ...folders.map((_, i) => folders.slice(0, i))]) {
        const at = key(half, one);
        if (!nearest.has(at)) nearest.set(at, file);
      }
    }
    return nearest;
  }
}

const key = (half: boolean, folders: string[]) => `${half} ${folders.join("/")}`;

/** A way to simplify names, so that those that differ a little become the same. */
type Look = (name: string) => string;

const exact: Look = (name) => name;
/** As in an address (%20), and in whatever case. */
const loose: Look = (name) => {
  try {
    return tidied(decodeURIComponent(name)).toLowerCase();
  } catch {
    return name.toLowerCase();
  }
};

const withoutEnding = (path: string) => path.replace(/\.[^./]*$/, "");

export class PictureIndex {
  /** By way of simplifying, made when it is first used: files by each end of their path, from the bare name to the whole, with ending and without. */
  private readonly byEnd = new Map<Look, Map<string, Namesakes>>();

  constructor(private readonly pictures: SourceFile[]) {}

  /** Of the files of that name, the one whose folders agree best: with the name, with its half, with the folder of the annotation. */
  partner({ names, file, test }: AnnotatedPicture): SourceFile | undefined {
    const folders = foldersOf(file);
    for (const look of [exact, loose]) {
      for (const name of names.map((name) => look(tidied(name.replaceAll("\\", "/"))))) {
        const ends = this.ends(look);
        const end = endsOf(name).find((end) => ends.has(end));
        if (end !== undefined) return ends.get(end)!.near(test ?? isTestFolder(folders), folders);
      }
    }
    return undefined;
  }

  private ends(look: Look): Map<string, Namesakes> {
    const known = this.byEnd.get(look);
    if (known) return known;
    const ends = new Map<string, Namesakes>();
    for (const file of this.pictures) {
      const path = look(file.path);
      for (const end of [...endsOf(path), ...endsOf(withoutEnding(path))]) {
        if (!ends.has(end)) ends.set(end, new Namesakes());
        ends.get(end)!.files.push(file);
      }
    }
    this.byEnd.set(look, ends);
    return ends;
  }
}

/** "a/b/c.png", "b/c.png" and "c.png". */
function endsOf(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, i) => parts.slice(i).join("/"));
}
