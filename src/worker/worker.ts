/** The training worker: training never touches the page's thread, and goes on when its tab is hidden. */
import { openEngine } from "../engine/device";
import { Host } from "./host";
import { browserStore } from "./storage";

const host = new Host({
  post: (event, transfer = []) => postMessage(event, { transfer }),
  openEngine: () => openEngine(navigator.gpu),
  store: browserStore,
  async fetch(url) {
    const response = await fetch(url).catch(() => undefined);
    // A server that answers every address with its page has no such file.
    if (!response?.ok || response.headers.get("content-type")?.includes("html")) return undefined;
    return new Uint8Array(await response.arrayBuffer());
  },
});

self.onmessage = ({ data }) => host.receive(data);
