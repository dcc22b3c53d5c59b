/** Owns the reader: a worker per data set, so that reading can be given up at any moment and cannot hurt what runs. */
import type { GivenFile, KindName, Made, Origin, ReadCommand, ReadEvent } from "../../worker/readerProtocol";

/** Where data is read from, with the files when it is read from files. */
export type Source = Exclude<Origin, { kind: "files" }> | { kind: "files"; files: GivenFile[] };

export type Outcome = { made: Made } | { message: string; remedy: string };

/** What is wanted: of which kind, from where, of how many pixels a side. */
export interface Wish {
  kind: KindName;
  source: Source;
  side: number;
}

/** Files handed over at a time: more at once would hold the page up. */
const LOT = 1000;

let giveUp: (() => void) | undefined;

/** Ends reading, if something is being read. */
export function cancelReading(): void {
  giveUp?.();
}

/** Makes a data set of a source. `progress` is told the share done. Resolves with nothing when reading was given up. */
export async function read(wish: Wish, progress: (share: number) => void): Promise<Outcome | undefined> {
  cancelReading();
  let mine: (() => void) | undefined;
  const reader = new Worker(new URL("../../worker/reader.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise<Outcome | undefined>((resolve) => {
      mine = () => resolve(undefined);
      giveUp = mine;
      reader.onmessage = ({ data }: MessageEvent<ReadEvent>) => (data.type === "progress" ? progress(data.share) : resolve(data));
      // Too little memory ends a worker without a word of its own.
      reader.onerror = ({ message }) =>
        resolve({ message: message || "Reading ended unexpectedly.", remedy: "Try fewer or smaller files." });
      void handOver(reader, wish);
    });
  } finally {
    // Another reader may have taken over.
    if (giveUp === mine) giveUp = undefined;
    reader.terminate();
  }
}

async function handOver(reader: Worker, { source, ...rest }: Wish): Promise<void> {
  const post = (command: ReadCommand) => reader.postMessage(command);
  const files = source.kind === "files" ? source.files : [];
  for (let from = 0; from < files.length; from += LOT) {
    post({ type: "add", files: files.slice(from, from + LOT) });
    await new Promise((resolve) => setTimeout(resolve));
  }
  post({ type: "read", ...rest, origin: source.kind === "files" ? { kind: "files" } : source });
}
