/** A worker of its own that fetches from the Hub. It is ended to give up; what has come by then is kept. */
import type { SourceFile } from "../data/files";
import { readHubWord, readModelWord } from "../data/hub/address";
import { Hub } from "../data/hub/client";
import { type ModelPlan, modelFilesOf, modelPlanOf } from "../data/hub/model";
import { type HubPlan, planOf } from "../data/hub/plan";
import { filesOf, type HubFiles } from "../data/hub/rows";
import { EngineError } from "../engine/errors";
import type { HubCommand, HubEvent } from "./hubProtocol";
import { privateFiles } from "./hubStore";
import type { GivenFile } from "./readerProtocol";

const PROGRESS_MS = 100;

let found: { data: HubPlan } | { model: ModelPlan } | undefined;
let [come, missing, toldAt] = [0, 0, 0];

self.onmessage = ({ data }: MessageEvent<HubCommand>) => {
  void (data.type === "look" ? look(data) : fetchFound()).catch(refuse);
};

async function look({ what, word, token }: Extract<HubCommand, { type: "look" }>): Promise<void> {
  const hub = new Hub({ token, wait });
  const plan =
    what === "data"
      ? await planOf(readHubWord(word), hub, privateFiles, came)
      : await modelPlanOf(readModelWord(word), hub, privateFiles, came);
  const { name, licence, bytes } = plan;
  const facts = { name, licence, bytes, missing: plan.missing };
  if ("parts" in plan) {
    found = { data: plan };
    post({ type: "looked", facts: { ...facts, rows: plan.rows, notes: plan.notes } });
  } else {
    found = { model: plan };
    post({ type: "looked", facts: { ...facts, notes: [] } });
  }
  [come, missing] = [0, plan.missing];
}

async function fetchFound(): Promise<void> {
  if (!found) throw new EngineError("Nothing was looked up.", "Look it up first.");
  const { name } = "data" in found ? found.data : found.model;
  const { files, notes }: HubFiles = "data" in found ? await filesOf(found.data) : { files: await modelFilesOf(found.model), notes: [] };
  post({ type: "fetched", files: await Promise.all(files.map(given)), name, notes });
}

async function given({ path, known, bytes }: SourceFile): Promise<GivenFile> {
  return { path, known, file: new File([(await bytes()) as Uint8Array<ArrayBuffer>], path) };
}

function came(bytes: number): void {
  come += bytes;
  if (missing === 0 || performance.now() - toldAt < PROGRESS_MS) return;
  toldAt = performance.now();
  post({ type: "progress", share: Math.min(1, come / missing) });
}

function wait(ms: number): Promise<unknown> {
  post({ type: "waiting", ms });
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function refuse(error: unknown): void {
  if (error instanceof EngineError) post({ type: "refused", message: error.what, remedy: error.remedy });
  else post({ type: "refused", message: `That could not be fetched: ${String(error)}.`, remedy: "Ask for fewer rows." });
}

const post = (event: HubEvent): void => postMessage(event);
