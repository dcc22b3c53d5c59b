/** A model on the Hub: its weights as one safetensors file, and the configuration beside them. */
import { DataError } from "../dataset";
import type { SourceFile } from "../files";
import { MAX_BYTES } from "../gzip";
import type { HubAddress } from "./address";
import type { FileFacts, Hub } from "./client";
import { type BlockStore, RemoteFile, type RemoteSource } from "./remote";

export interface ModelPlan {
  name: string;
  licence?: string;
  files: { path: string; file: RemoteFile }[];
  bytes: number;
  missing: number;
}

const WEIGHTS = "model.safetensors";
const CONFIGS = ["config.json", "preprocessor_config.json"];

/** Looks a model up. Rejects with a DataError that names it where its weights are in no form that is read here. */
export async function modelPlanOf(
  { name, revision }: HubAddress,
  hub: Hub,
  store: BlockStore,
  came?: (bytes: number) => void,
): Promise<ModelPlan> {
  const { repo, sha, licence, files: all } = await hub.facts({ kind: "models", name }, revision);
  const some = all.filter(({ path }) => path === WEIGHTS || CONFIGS.includes(path));
  requireWeights(all, repo.name);
  requireSizes(some, repo.name);
  const source: RemoteSource = { hub, store, repo, sha, came };
  const files = some.map((one) => ({ path: one.path, file: new RemoteFile(source, one) }));
  let [bytes, missing] = [0, 0];
  for (const { file } of files) {
    bytes += file.byteLength;
    missing += await file.missing([[0, file.byteLength]]);
  }
  return { name: repo.name, licence, files, bytes, missing };
}

/** The model's files, as a folder of its name. */
export async function modelFilesOf({ name, files }: ModelPlan): Promise<SourceFile[]> {
  const folder = name.split("/").at(-1)!;
  const read: SourceFile[] = [];
  for (const { path, file } of files) {
    const bytes = new Uint8Array(await file.slice(0));
    read.push({ path: `${folder}/${path}`, size: bytes.length, bytes: async () => bytes });
  }
  return read;
}

function requireSizes(files: FileFacts[], name: string): void {
  const large = files.find(({ size }) => size > MAX_BYTES);
  if (large)
    throw new DataError(`${large.path} of ${name} has ${(large.size / 1e9).toFixed(1)} GB; 1 GB is the limit.`, "Choose a smaller model.");
}

function requireWeights(files: FileFacts[], name: string): void {
  if (files.some(({ path }) => path === WEIGHTS)) return;
  const pieces = files.filter(({ path }) => /^model-\d+-of-\d+\.safetensors$/.test(path)).length;
  if (pieces > 0)
    throw new DataError(
      `The weights of ${name} are in ${pieces} pieces.`,
      "Models this large are not trained with here; choose a smaller one.",
    );
  const other = files.find(({ path }) => /\.(bin|pt|pth|ckpt|h5|msgpack|onnx|safetensors)$/.test(path));
  const has = other ? ` It has ${other.path}.` : "";
  throw new DataError(
    `${name} has no file ${WEIGHTS}.${has}`,
    "Choose a model that has one, or convert it with safetensors' own tools and import the file.",
  );
}
