/**
 * A worker of its own that reads a data set. Training goes on meanwhile, and whatever happens
 * here (a damaged archive, too little memory, a visitor who changes their mind) ends this worker and nothing else.
 */
import type { PackedDataset } from "../data/dataset";
import { decodeInBrowser, decodeWholeInBrowser } from "../data/decode";
import { packedSet } from "../data/detection";
import { openFiles } from "../data/open";
import { openDetection } from "../data/open.detection";
import { EngineError } from "../engine/errors";
import { sourceOf } from "./given";
import {
  buffersOf,
  DATA_SEED,
  type GivenFile,
  KEPT_DATA,
  type Made,
  type Origin,
  type ReadCommand,
  type ReadEvent,
} from "./readerProtocol";
import { recall } from "./storage";

const PROGRESS_MS = 100;

const files: GivenFile[] = [];
let told = 0;

self.onmessage = ({ data }: MessageEvent<ReadCommand>) => {
  if (data.type === "add") files.push(...data.files);
  else void (data.kind === "detector" ? makeBoxes(data.side) : make(data.origin, data.side)).then(deliver, refuse);
};

async function make(origin: Origin, side: number): Promise<Made> {
  if (origin.kind === "kept") return named(await kept());
  const { notes, ...dataset } = await openFiles(files.map(sourceOf), { side, decode: decodeInBrowser, seed: DATA_SEED, onProgress });
  return named(dataset, notes);
}

const named = (dataset: PackedDataset, notes: string[] = []): Made => ({ kind: "classifier", dataset, notes });

/** Pictures with boxes come from files alone: generated ones are painted where they are learned from. */
async function makeBoxes(side: number): Promise<Made> {
  const options = { side, decode: decodeWholeInBrowser, seed: DATA_SEED, onProgress };
  const { notes, ...dataset } = await openDetection(files.map(sourceOf), options);
  return { kind: "detector", dataset: packedSet(dataset), notes };
}

async function kept(): Promise<PackedDataset> {
  const dataset = await recall<PackedDataset>(KEPT_DATA);
  if (dataset) return dataset;
  throw new EngineError("The images are no longer on this device.", "Choose their files again.");
}

function onProgress(share: number): void {
  if (performance.now() - told < PROGRESS_MS) return;
  told = performance.now();
  post({ type: "progress", share });
}

function deliver(made: Made): void {
  post({ type: "made", made }, buffersOf(made.dataset));
}

function refuse(error: unknown): void {
  if (error instanceof EngineError) post({ type: "refused", message: error.what, remedy: error.remedy });
  else post({ type: "refused", message: `The files could not be read: ${String(error)}.`, remedy: "Try fewer or smaller files." });
}

function post(event: ReadEvent, transfer: Transferable[] = []): void {
  postMessage(event, { transfer });
}
