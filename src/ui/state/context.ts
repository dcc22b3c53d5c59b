/** What all actions share: the two stores, the worker, and what they need of a browser. */
import type { Settings } from "../../settings/run";
import type { Command } from "../../worker/protocol";
import type { KeyValueStore } from "../../worker/storage";
import type { Room } from "./room";
import type { SourcesStore } from "./sources";
import type { RunStore } from "./store";
import type { Tabs } from "./tabs";

/** The page's address, which carries settings, and which images are generated where it is not the usual ones. */
export interface Address {
  /** `watch` names a recording, `lesson` a lesson; `present` is there where the page is to be shown on a projector. */
  read(): {
    settings: URLSearchParams;
    data?: string;
    kernels?: string;
    watch?: string;
    lesson?: string;
    present?: string;
    /** A network of the Hub. */
    teacher?: string;
  };
  /** `given` as `Schema.toQuery` wants it. */
  write(settings: Settings, given?: readonly string[]): void;
  /** Names the images, or no longer does. */
  writeData(word: string | undefined): void;
  /** Names the network of the Hub that teaches, or none any more. */
  writeTeacher(word: string | undefined): void;
}

export interface Context {
  store: RunStore;
  sources: SourcesStore;
  storage: KeyValueStore;
  room: Room;
  tabs: Tabs;
  address: Address;
  send(command: Command, transfer?: Transferable[]): void;
  /** Trains what a recording shows, where one is shown. */
  goLive(): void;
  /** A file of the page; undefined where it cannot be had. */
  fetch(file: string): Promise<Blob | undefined>;
  /** Hands a file to the visitor. */
  download(content: Uint8Array, name: string): void;
}
