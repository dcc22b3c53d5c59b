/** The training worker: training never touches the page's thread, and goes on when its tab is hidden. */
import { openEngine } from "../engine/device";
import { fetchOwn } from "./files";
import { Host } from "./host";
import { browserStore } from "./storage";

const host = new Host({
  post: (event, transfer = []) => postMessage(event, { transfer }),
  openEngine: () => openEngine(navigator.gpu),
  store: browserStore,
  async fetch(url) {
    const response = await fetchOwn(url);
    return response && new Uint8Array(await response.arrayBuffer());
  },
});

self.onmessage = ({ data }) => host.receive(data);
