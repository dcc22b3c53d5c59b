/** Files as a visitor gives them, before anything is known of their content. */

/** A file to read: dropped, chosen, unpacked from an archive, or on a disk. */
export interface SourceFile {
  /** Folders and name, with forward slashes. */
  path: string;
  size: number;
  bytes(): Promise<Uint8Array>;
  /** Of a picture whose class and half are known, whatever its folders are called. */
  known?: KnownClass;
}

export interface KnownClass {
  /** Of all classes, in the order of their numbers; one list for all pictures. */
  names: readonly string[];
  label: number;
  test: boolean;
}

/** What a system leaves in folders and archives, and what its owner has hidden. */
const HIDDEN = /(^|\/)(\.|__MACOSX(\/|$)|@eaDir(\/|$)|Thumbs\.db$|desktop\.ini$)/i;

export function isHidden(path: string): boolean {
  return HIDDEN.test(path);
}

/** A path as it is shown and compared: letters in the Unicode form NFC (Macs take them apart), no part empty, "." or "..". */
export function tidied(path: string): string {
  const parts = path.normalize("NFC").split("/");
  return parts.filter((part) => part !== "" && part !== "." && part !== "..").join("/");
}

/** Compares by code points, which is the same on every system, for `sort`. */
export function byCodePoint(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a.codePointAt(i)! - b.codePointAt(i)!;
  return a.length - b.length;
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A file's name without folders and without what follows its last dot. */
export function stem(path: string): string {
  const name = baseName(path);
  const dot = name.lastIndexOf(".");
  return dot < 0 ? name : name.slice(0, dot);
}

/** The folders that a file lies in. */
export function foldersOf(path: string): string[] {
  return path.split("/").slice(0, -1);
}
