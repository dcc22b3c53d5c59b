/**
 * The page's large files, teachers and images: fetched when they are wanted, and kept then for a visit without a network. A fetched one
 * is always newer than a kept one, which stands in only where there is no answer.
 */
const KEPT = "used-files-1";

/** A file of the page; undefined where it cannot be had, neither from the network nor from what was kept. */
export async function fetchOwn(address: string): Promise<Response | undefined> {
  // Opened before the file comes: if all is erased meanwhile, it goes to the store that is erased, not to a new one.
  const cache = kept();
  const response = await fetch(address).catch(() => undefined);
  if (!response) return (await cache)?.match(address);
  // A server that answers every address with its page has no such file.
  if (!response.ok || response.headers.get("content-type")?.includes("html")) return undefined;
  const copy = response.clone();
  // Where there is no room the file is not kept, and nothing else changes.
  void cache.then((cache) => cache?.put(address, copy).catch(() => undefined));
  return response;
}

/** Erases all files of the page and of the Hub that are kept, and lets go of the service worker, which the next visit registers again. */
export async function eraseFiles(): Promise<void> {
  const { emptyKept } = await import("./hubStore");
  await emptyKept();
  for (const worker of (await navigator.serviceWorker?.getRegistrations()) ?? []) await worker.unregister();
  for (const name of await caches.keys()) await caches.delete(name);
}

/** Undefined where the browser keeps nothing, as some do in private windows. */
async function kept(): Promise<Cache | undefined> {
  try {
    return await caches.open(KEPT);
  } catch {
    return undefined;
  }
}
