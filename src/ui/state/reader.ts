/** Reads data sets, each in a worker of its own, so that reading can be given up at any moment and cannot harm the run. */
import type { GivenFile, Origin, ReadCommand, ReadData, ReadEvent, Told } from "../../worker/readerProtocol";
import type { WorkerLike } from "./connection";

/** Where data is read from, with the files when it is read from files. */
export type Readable = Exclude<Origin, { kind: "files" }> | ({ kind: "files"; files: GivenFile[] } & Told);

export type Outcome = { read: ReadData } | { message: string; remedy: string };

/** What to read: for which task, from where, at how many pixels a side. */
export interface Wish {
  task: string;
  source: Readable;
  side: number;
}

/** Files handed over at a time: more at once would block the page. */
const LOT = 1000;

export class Reader {
  private giveUp?: () => void;

  constructor(private readonly start: () => WorkerLike) {}

  /** Ends reading, if something is being read. */
  cancel(): void {
    this.giveUp?.();
  }

  /** Makes a data set of a source. `progress` receives the share done. Resolves with nothing when reading was given up. */
  async read(wish: Wish, progress: (share: number) => void): Promise<Outcome | undefined> {
    this.cancel();
    const worker = this.start();
    let mine: (() => void) | undefined;
    try {
      return await new Promise<Outcome | undefined>((resolve) => {
        mine = () => resolve(undefined);
        this.giveUp = mine;
        worker.onmessage = ({ data }: MessageEvent<ReadEvent>) => {
          if (data.type === "progress") progress(data.share);
          else if (data.type === "decode") void decode(worker, data.bytes);
          else resolve(data);
        };
        // A worker that runs out of memory ends without sending a message.
        worker.onerror = ({ message }) =>
          resolve({ message: message || "Reading ended unexpectedly.", remedy: "Try fewer or smaller files." });
        void handOver(worker, wish);
      });
    } finally {
      // Another request may have taken over.
      if (this.giveUp === mine) this.giveUp = undefined;
      worker.terminate();
    }
  }
}

async function decode(worker: WorkerLike, bytes: Uint8Array): Promise<void> {
  const { decodeSound } = await import("./decodeSound");
  const recording = await decodeSound(bytes).catch(() => undefined);
  worker.postMessage({ type: "decoded", recording } satisfies ReadCommand, recording ? [recording.samples.buffer] : []);
}

async function handOver(worker: WorkerLike, { source, ...rest }: Wish): Promise<void> {
  const post = (command: ReadCommand) => worker.postMessage(command, []);
  const files = source.kind === "files" ? source.files : [];
  for (let from = 0; from < files.length; from += LOT) {
    post({ type: "add", files: files.slice(from, from + LOT) });
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { name, most, notes } = source.kind === "files" ? source : ({} as Told);
  post({ type: "read", ...rest, origin: source.kind === "files" ? { kind: "files", name, most, notes } : source });
}
