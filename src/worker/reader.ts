/**
 * A worker of its own that makes a data set, from files or out of nothing. Training goes on meanwhile, and whatever happens
 * here (a damaged archive, too little memory, a visitor who changes their mind) ends this worker and nothing else.
 */
import type { Dataset } from "../data/dataset";
import { decodeInBrowser } from "../data/decode";
import { openFiles } from "../data/open";
import { scenes, scenesOfId } from "../data/scenes";
import { EngineError } from "../engine/errors";
import { sourceOf } from "./given";
import { buffersOf, DATA_SEED, type GivenFile, KEPT_DATA, type Origin, type ReadCommand, type ReadEvent } from "./reading";
import { recall } from "./storage";

const PROGRESS_MS = 100;

const files: GivenFile[] = [];
let told = 0;

self.onmessage = ({ data }: MessageEvent<ReadCommand>) => {
  if (data.type === "add") files.push(...data.files);
  else void make(data.origin, data.side).then(deliver, refuse);
};

async function make(origin: Origin, side: number): Promise<{ dataset: Dataset; notes: string[] }> {
  if (origin.kind === "scenes") return { dataset: scenes({ ...optionsOf(origin.id), side, onProgress }), notes: [] };
  if (origin.kind === "kept") return { dataset: await kept(), notes: [] };
  const { notes, ...dataset } = await openFiles(files.map(sourceOf), { side, decode: decodeInBrowser, seed: DATA_SEED, onProgress });
  return { dataset, notes };
}

function optionsOf(id: string) {
  const options = scenesOfId(id);
  if (!options) throw new EngineError(`There are no Scenes called ${id}.`, "Use the Scenes of this page.");
  return options;
}

async function kept(): Promise<Dataset> {
  const dataset = await recall<Dataset>(KEPT_DATA);
  if (dataset) return dataset;
  throw new EngineError("The images are no longer on this device.", "Choose their files again.");
}

function onProgress(share: number): void {
  if (performance.now() - told < PROGRESS_MS) return;
  told = performance.now();
  post({ type: "progress", share });
}

function deliver({ dataset, notes }: { dataset: Dataset; notes: string[] }): void {
  post({ type: "made", dataset, notes }, buffersOf(dataset));
}

function refuse(error: unknown): void {
  if (error instanceof EngineError) post({ type: "refused", message: error.what, remedy: error.remedy });
  else post({ type: "refused", message: `The files could not be read: ${String(error)}.`, remedy: "Try fewer or smaller files." });
}

function post(event: ReadEvent, transfer: Transferable[] = []): void {
  postMessage(event, { transfer });
}
