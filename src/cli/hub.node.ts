/**
 * The Hub on the command line, where a word that begins with "hf:" asks for it. HF_ENDPOINT names another server that speaks its API, and
 * HF_TOKEN a token, as everywhere with the Hub. What was fetched is kept in .cache/hub.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceFile } from "../data/files";
import { readHubWord, readModelWord } from "../data/hub/address";
import { Hub } from "../data/hub/client";
import { modelFilesOf, modelPlanOf } from "../data/hub/model";
import { planOf } from "../data/hub/plan";
import type { BlockStore } from "../data/hub/remote";
import { filesOf } from "../data/hub/rows";

const PLACE = ".cache/hub";

/** The rows that a word names, as files, and what the data set is called. */
export async function hubData(word: string): Promise<{ files: SourceFile[]; name: string }> {
  const address = readHubWord(word);
  const hub = openHub();
  const plan = await planOf(address, hub, storeIn(PLACE));
  const { rows, bytes, missing, licence = "unknown" } = plan;
  tell(`${(rows.train + rows.test).toLocaleString("en")} rows of ${plan.name} (licence: ${licence})`, hub, bytes, missing);
  const { files, notes } = await filesOf(plan);
  for (const note of notes) console.error(note);
  return { files, name: plan.name };
}

/** The files of the model that a word names, in a folder of its name. */
export async function hubModel(word: string): Promise<SourceFile[]> {
  const address = readModelWord(word);
  const hub = openHub();
  const plan = await modelPlanOf(address, hub, storeIn(PLACE));
  tell(`${plan.name} (licence: ${plan.licence ?? "unknown"})`, hub, plan.bytes, plan.missing);
  return modelFilesOf(plan);
}

const openHub = (): Hub => new Hub({ endpoint: process.env.HF_ENDPOINT, token: process.env.HF_TOKEN });

function tell(what: string, { host }: Hub, bytes: number, missing: number): void {
  const kept = missing < bytes ? `, of which ${megabytes(bytes - missing)} are kept here` : "";
  console.error(`Fetching ${what} from ${host}: ${megabytes(bytes)}${kept}.`);
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Blocks as files below a folder; what cannot be written is not kept. */
export function storeIn(place: string): BlockStore {
  const path = (folder: string, name: string) => join(place, folder, name);
  return {
    list: async (folder) => (existsSync(join(place, folder)) ? readdirSync(join(place, folder)) : []),
    read: async (folder, name) => (existsSync(path(folder, name)) ? new Uint8Array(readFileSync(path(folder, name))) : undefined),
    async write(folder, name, bytes) {
      try {
        mkdirSync(join(place, folder), { recursive: true });
        writeFileSync(`${path(folder, name)}.part`, bytes);
        renameSync(`${path(folder, name)}.part`, path(folder, name));
      } catch {
        // A full disk, or a name that is too long for it: then this block is fetched again the next time.
      }
    },
  };
}
