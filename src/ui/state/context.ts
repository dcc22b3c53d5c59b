/** What everything that acts on the page is given: its two stores, the worker, and what of a browser it needs. */
import type { Settings } from "../../settings/run";
import type { Command } from "../../worker/protocol";
import type { KeyValueStore } from "../../worker/storage";
import type { SourcesStore } from "./sources";
import type { RunStore } from "./store";

/** The page's address, which carries settings. */
export interface Address {
  read(): { settings: URLSearchParams; kernels?: string };
  write(settings: Settings): void;
}

export interface Context {
  store: RunStore;
  sources: SourcesStore;
  storage: KeyValueStore;
  address: Address;
  send(command: Command, transfer?: Transferable[]): void;
  /** Hands a file to the visitor. */
  download(content: Uint8Array, name: string): void;
}
