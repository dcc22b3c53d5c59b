/**
 * A worker of its own that reads a data set. Training goes on meanwhile, and whatever happens
 * here (a damaged archive, too little memory, a visitor who changes their mind) ends this worker and nothing else.
 */
import { decodeInBrowser, decodeWholeInBrowser } from "../data/decode";
import type { SourceFile } from "../data/files";
import type { Recording } from "../data/wav";
import { EngineError } from "../engine/errors";
import { TASKS } from "../tasks";
import {
  buffersOf,
  DATA_SEED,
  type GivenFile,
  KEPT_DATA,
  type ReadCommand,
  type ReadData,
  type ReadEvent,
  type Told,
} from "./readerProtocol";
import { recall } from "./storage";

const PROGRESS_MS = 100;

const files: GivenFile[] = [];
let toldAt = 0;
/** Takes what the page makes of the sound it was given last. */
let decoded: (recording: Recording | undefined) => void = () => undefined;

self.onmessage = ({ data }: MessageEvent<ReadCommand>) => {
  if (data.type === "add") files.push(...data.files);
  else if (data.type === "decoded") decoded(data.recording);
  else void (data.origin.kind === "kept" ? kept(data.task) : readFiles(data.task, data.side, data.origin)).then(deliver, refuse);
};

async function readFiles(task: string, side: number, { name, most, notes = [] }: Told): Promise<ReadData> {
  const decoders = { square: decodeInBrowser, whole: decodeWholeInBrowser, sound: decodeInPage };
  const { open } = await TASKS[task].data();
  const read = await open(files.map(sourceOf), { side, seed: DATA_SEED, name, most, decoders, onProgress });
  return { task, packed: read.packed, notes: [...notes, ...read.notes] };
}

async function kept(task: string): Promise<ReadData> {
  const packed = await recall(KEPT_DATA);
  if (packed) return { task, packed, notes: [] };
  throw new EngineError("The images are no longer on this device.", "Choose their files again.");
}

function decodeInPage(bytes: Uint8Array): Promise<Recording> {
  return new Promise((resolve, reject) => {
    decoded = (recording) => (recording ? resolve(recording) : reject(new Error("not decoded")));
    post({ type: "decode", bytes });
  });
}

function sourceOf({ path, file, known }: GivenFile): SourceFile {
  return { path, known, size: file.size, bytes: async () => new Uint8Array(await readable(file.arrayBuffer(), path)) };
}

/** A file that was moved, changed or locked since it was chosen cannot be read any more. */
function readable<T>(reading: Promise<T>, path: string): Promise<T> {
  return reading.catch(() => {
    throw new EngineError(`${path} can no longer be read: it was changed, moved or locked.`, "Choose the files again.");
  });
}

function onProgress(share: number): void {
  if (performance.now() - toldAt < PROGRESS_MS) return;
  toldAt = performance.now();
  post({ type: "progress", share });
}

function deliver(read: ReadData): void {
  post({ type: "read", read }, buffersOf(read.packed));
}

function refuse(error: unknown): void {
  if (error instanceof EngineError) post({ type: "refused", message: error.what, remedy: error.remedy });
  else post({ type: "refused", message: `The files could not be read: ${String(error)}.`, remedy: "Try fewer or smaller files." });
}

function post(event: ReadEvent, transfer: Transferable[] = []): void {
  postMessage(event, { transfer });
}
