/** Messages to and from the worker that fetches from the Hub (`hub.ts`). */
import type { GivenFile } from "./readerProtocol";

export type HubCommand =
  /** Finds out what a word names. */
  | { type: "look"; what: HubKind; word: string; token?: string }
  /** Fetches what was looked up. */
  | { type: "fetch" };

export type HubKind = "data" | "model";

/** What would be fetched. */
export interface HubFacts {
  name: string;
  licence?: string;
  /** Of data. */
  rows?: { train: number; test: number };
  /** Bytes in all, and those that are not kept here yet. */
  bytes: number;
  missing: number;
  notes: string[];
}

export type HubEvent =
  | { type: "looked"; facts: HubFacts }
  | { type: "progress"; share: number }
  /** Nothing is asked for so many milliseconds: the Hub wants it so, or did not answer. */
  | { type: "waiting"; ms: number }
  | { type: "fetched"; files: GivenFile[]; name: string; notes: string[] }
  | { type: "refused"; message: string; remedy: string };
