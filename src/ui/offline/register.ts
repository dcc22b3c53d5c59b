/** Registers the service worker, and offers a newer version of the page when one has been fetched. Loaded after the page. */
import { Workbox } from "workbox-window";
import type { RunStore } from "../state/store";

/** A page that stays open asks so often whether there is a newer version. */
const ASK_MS = 3_600_000;

export async function register(store: RunStore, base: string): Promise<void> {
  const worker = new Workbox(new URL("sw.js", base).href);
  const take = () => {
    // Only the tab in which a visitor asked for it is loaded again: others may be training.
    worker.addEventListener("controlling", () => location.reload());
    worker.messageSkipWaiting();
  };
  worker.addEventListener("waiting", () => store.setState({ update: take }));
  // A browser that allows none, as some do in private windows, shows the page from the network.
  const registered = await worker.register().catch(() => undefined);
  if (registered) setInterval(() => void worker.update().catch(() => undefined), ASK_MS);
}
