/** What was fetched from the Hub, kept in the browser's private files (OPFS), so that it is not fetched again. Where there are none, nothing is kept. */
import type { BlockStore } from "../data/hub/remote";

const PLACE = "hub-1";

/** What workers have and pages lack. */
interface Writable {
  createSyncAccessHandle(): Promise<{ write(bytes: Uint8Array<ArrayBuffer>): number; close(): void }>;
}

const place = async (create: boolean): Promise<FileSystemDirectoryHandle> =>
  (await navigator.storage.getDirectory()).getDirectoryHandle(PLACE, { create });

const folderOf = async (name: string, create: boolean): Promise<FileSystemDirectoryHandle> =>
  (await place(create)).getDirectoryHandle(name, { create });

/** For workers alone: only they may write so. */
export const privateFiles: BlockStore = {
  list: (folder) =>
    folderOf(folder, false).then(
      (found) => Array.fromAsync(found.keys()),
      () => [],
    ),
  async read(folder, name) {
    try {
      const file = await (await (await folderOf(folder, false)).getFileHandle(name)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch {
      return undefined;
    }
  },
  async write(folder, name, bytes) {
    try {
      const file = await (await folderOf(folder, true)).getFileHandle(name, { create: true });
      const open = await (file as FileSystemFileHandle & Writable).createSyncAccessHandle();
      try {
        open.write(bytes as Uint8Array<ArrayBuffer>);
      } finally {
        open.close();
      }
    } catch {
      // The disk is full, or another tab writes the same: then this block is fetched again the next time.
    }
  },
};

/** Bytes that are kept; 0 where nothing can be. */
export async function keptBytes(): Promise<number> {
  let bytes = 0;
  try {
    for await (const folder of (await place(false)).values())
      for await (const file of (folder as FileSystemDirectoryHandle).values())
        bytes += (await (file as FileSystemFileHandle).getFile()).size;
  } catch {
    // Nothing was ever kept.
  }
  return bytes;
}

/** Rejects where the browser does not let go of it. */
export async function emptyKept(): Promise<void> {
  const root = await navigator.storage?.getDirectory?.().catch(() => undefined);
  await root?.removeEntry(PLACE, { recursive: true }).catch((error: DOMException) => {
    if (error.name !== "NotFoundError") throw error;
  });
}
