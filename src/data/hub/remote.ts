/** A file on the Hub, read in parts. Parts come in blocks, each of which is kept once it is whole: nothing is fetched twice. */
import type { FileFacts, Hub, Repo } from "./client";

/** Where blocks are kept, by names without slashes. Whoever cannot keep them writes nothing and reads nothing. */
export interface BlockStore {
  /** Names of the blocks in a folder. */
  list(folder: string): Promise<string[]>;
  read(folder: string, name: string): Promise<Uint8Array | undefined>;
  write(folder: string, name: string, bytes: Uint8Array): Promise<void>;
}

/** Where files come from: a repository as it is at one commit. */
export interface RemoteSource {
  hub: Hub;
  store: BlockStore;
  repo: Repo;
  sha: string;
  /** Is told of all bytes that the Hub sends. */
  came?(bytes: number): void;
}

export const BLOCK = 256 * 1024;
/** Blocks held in memory: neighbours are read one after the other. */
const HELD = 8;

export class RemoteFile {
  readonly byteLength: number;
  private readonly folder: string;
  private readonly held = new Map<number, Uint8Array>();
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly source: RemoteSource,
    private readonly facts: FileFacts,
  ) {
    const { repo, sha } = source;
    this.byteLength = facts.size;
    this.folder = encodeURIComponent([repo.kind, repo.name, sha, facts.path].join("/"));
  }

  /** Bytes `start` up to `end`; parts that are asked for at once come one after the other. */
  slice(start: number, end = this.byteLength): Promise<ArrayBuffer> {
    const mine = this.turn.then(() => this.read(start, Math.min(end, this.byteLength)));
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  /** How many bytes of these parts have yet to come from the Hub. What comes is a little more: whole blocks. */
  async missing(parts: readonly (readonly [start: number, end: number])[]): Promise<number> {
    const kept = new Set((await this.source.store.list(this.folder)).map(Number));
    let bytes = 0;
    for (const [start, end] of parts)
      for (let block = Math.floor(start / BLOCK); block * BLOCK < end; block++)
        if (!kept.has(block)) bytes += Math.min(end, (block + 1) * BLOCK) - Math.max(start, block * BLOCK);
    return bytes;
  }

  private async read(start: number, end: number): Promise<ArrayBuffer> {
    // Not before something comes: what the Hub says of a file's size may not be true.
    let part: Uint8Array<ArrayBuffer> | undefined;
    const [first, last] = [Math.floor(start / BLOCK), Math.ceil(end / BLOCK)];
    const put = (block: number, bytes: Uint8Array) => {
      const at = block * BLOCK - start;
      part ??= new Uint8Array(end - start);
      part.set(bytes.subarray(Math.max(0, -at), Math.max(0, end - block * BLOCK)), Math.max(0, at));
    };
    for (let block = first; block < last; ) {
      const kept = await this.kept(block);
      if (kept) put(block++, kept);
      else block = await this.fetchRun(block, last, put);
    }
    return (part ?? new Uint8Array(0)).buffer;
  }

  /** Fetches the block, and those behind it that are not kept either, in one request. Returns the first block that it has not. */
  private async fetchRun(first: number, last: number, put: (block: number, bytes: Uint8Array) => void): Promise<number> {
    let next = first + 1;
    while (next < last && !(await this.kept(next))) next++;
    let block = first;
    let bytes = new Uint8Array(this.sizeOf(block));
    let filled = 0;
    const to = Math.min(next * BLOCK, this.byteLength);
    const { hub, store, repo, sha, came } = this.source;
    await hub.stream(repo, sha, this.facts.path, first * BLOCK, to, async (piece) => {
      came?.(piece.length);
      for (let at = 0; at < piece.length; ) {
        const some = piece.subarray(at, at + bytes.length - filled);
        bytes.set(some, filled);
        at += some.length;
        filled += some.length;
        if (filled < bytes.length) continue;
        this.hold(block, bytes);
        put(block, bytes);
        await store.write(this.folder, String(block), bytes);
        block++;
        filled = 0;
        bytes = new Uint8Array(Math.max(0, this.sizeOf(block)));
      }
    });
    return next;
  }

  private async kept(block: number): Promise<Uint8Array | undefined> {
    const held = this.held.get(block);
    if (held) return held;
    const bytes = await this.source.store.read(this.folder, String(block));
    // One of another length was being written when its tab was closed.
    if (bytes?.length !== this.sizeOf(block)) return undefined;
    this.hold(block, bytes);
    return bytes;
  }

  private hold(block: number, bytes: Uint8Array): void {
    this.held.set(block, bytes);
    const [oldest] = this.held.keys();
    if (this.held.size > HELD) this.held.delete(oldest);
  }

  private sizeOf = (block: number): number => Math.min(BLOCK, this.byteLength - block * BLOCK);
}
