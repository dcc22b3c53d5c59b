/** Files as a visitor gives them, before anything is known of their content. */

/** A file to read: dropped, chosen, unpacked from an archive, or on a disk. */
export interface SourceFile {
  /** Folders and name, with forward slashes. */
  path: string;
  size: number;
  bytes(): Promise<Uint8Array>;
}

/** What a system leaves in folders and archives, and what its owner has hidden. */
const HIDDEN = /(^|\/)(\.|__MACOSX(\/|$)|Thumbs\.db$|desktop\.ini$)/i;

export function isHidden(path: string): boolean {
  return HIDDEN.test(path);
}

/** Words for data that is held out, as a folder's name or as a word of a file's, a year behind it or not. */
const TEST_WORD = "(?:tests?|t10k|val|valid|validation|eval)(?:\\d{4})?";
const TEST_FOLDER = new RegExp(`^${TEST_WORD}$`, "i");
const TEST_NAME = new RegExp(`(^|[_.-])${TEST_WORD}([_.-]|$)`, "i");

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A file's name without folders and without what follows its last dot. */
export function stem(path: string): string {
  return baseName(path).replace(/\.[^.]*$/, "");
}

/** The folders that a file lies in. */
export function foldersOf(path: string): string[] {
  return path.split("/").slice(0, -1);
}

/** Whether one of these folders holds the held-out part. */
export function isTestFolder(folders: string[]): boolean {
  return folders.some((folder) => TEST_FOLDER.test(folder));
}

/** Whether a file is of the held-out part, by a word of its own name, else by its folders. */
export function isTestFile(path: string): boolean {
  const name = baseName(path);
  return TEST_NAME.test(name) || (!/train/i.test(name) && isTestFolder(foldersOf(path)));
}
