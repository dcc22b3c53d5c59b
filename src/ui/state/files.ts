/** Files as pickers and drops give them, with the folders they lie in. */
import type { GivenFile } from "../../worker/readerProtocol";

export function picked(list: FileList | null): GivenFile[] {
  return Array.from(list ?? [], (file) => ({ file, path: file.webkitRelativePath || file.name }));
}

const WEIGHTS = /\.safetensors/i;
const PICTURE = /\.(jpe?g|png|webp|gif|bmp|p[bgnp]m|avif)/i;
/** The list of an archive's files is at its end; so much of it is looked at. */
const LOOKED_AT = 1 << 16;

/** Whether files are a network: weights among them and no picture, also in a lone archive. */
export async function areNetwork(files: GivenFile[]): Promise<boolean> {
  const [{ file, path }] = files;
  if (files.length > 1 || !path.endsWith(".zip")) return areWeights(files.map((one) => one.path).join("\n"));
  const end = new TextDecoder("latin1").decode(await file.slice(-LOOKED_AT).arrayBuffer());
  return areWeights(end);
}

/** A run that this page saved says so among the names at its beginning; so much of it is looked at. */
const RUN = "masked-distillation-run-";
const BEGINNING = 1 << 22;

/** Whether files are a lone saved run. */
export async function isSavedRun([first, ...others]: GivenFile[]): Promise<boolean> {
  if (others.length || !WEIGHTS.test(first.path)) return false;
  const beginning = first.file.slice(8, BEGINNING);
  return new TextDecoder("latin1").decode(await beginning.arrayBuffer()).includes(RUN);
}

const areWeights = (names: string) => WEIGHTS.test(names) && !PICTURE.test(names);

/**
 * All files that were dropped, those in folders included. To be called from the drop's event handler: later the browser does not
 * give access to them. `found` receives the number of files so far; when it returns false, the search is given up.
 */
export function dropped(transfer: DataTransfer, found: (count: number) => boolean): Promise<GivenFile[]> {
  const items = Array.from(transfer.items).filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files: GivenFile[] = [];
  const visit = async (entry: FileSystemEntry | File | null): Promise<void> => {
    if (entry instanceof File) files.push({ file: entry, path: entry.name });
    else if (entry?.isFile) files.push({ file: await fileOf(entry as FileSystemFileEntry), path: entry.fullPath.slice(1) });
    else if (entry) for await (const some of listed(entry as FileSystemDirectoryEntry)) await all(some);
  };
  const all = async (some: (FileSystemEntry | File | null)[]) => {
    await Promise.all(some.map(visit));
    if (!found(files.length)) throw new Error("given up");
  };
  return all(entries).then(() => files);
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject));

/** A folder's entries, a hundred or so at a time, as browsers give them. */
async function* listed(folder: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry[]> {
  const reader = folder.createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    yield some;
  }
}
