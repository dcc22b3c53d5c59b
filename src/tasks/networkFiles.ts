/** A network as it is given: a file, or a folder or archive with its configuration beside it. */
import { Findings } from "../data/annotated";
import { baseName, foldersOf, type SourceFile, stem } from "../data/files";
import { contents, unpacked } from "../data/unpack";
import { readConfigs } from "../models/vit/hub";
import { WeightsError } from "../models/weights";
import type { ImportHints } from "./task";

/** One file of weights, and what lies beside it says of it. */
export interface NetworkFile {
  bytes: Uint8Array;
  name: string;
  hints: ImportHints;
}

const WEIGHTS = /\.safetensors$/i;
const CONFIGS = /^(config|preprocessor_config)\.json$/i;
/** Names that say nothing of what is in the file. */
const PLAIN = /^(model|pytorch_model|weights)$/i;

/** Finds the weights among the files, and reads the configuration in their folder. Rejects with an EngineError where there is not just one. */
export async function networkIn(files: SourceFile[]): Promise<NetworkFile> {
  const all = await unpacked(files, new Findings());
  // One file alone is taken for weights, whatever it is called: what it is shows when it is read.
  const [weights, ...others] = all.length === 1 ? all : all.filter(({ path }) => WEIGHTS.test(path));
  const given = files[0].path.split("/")[0];
  if (!weights)
    throw new WeightsError(`${given} holds no file of weights.`, "Choose a folder or archive with one .safetensors file in it.");
  if (others.length > 0) {
    const which = [weights, ...others].map(({ path }) => baseName(path)).slice(0, 3);
    throw new WeightsError(
      `${given} holds ${1 + others.length} files of weights: ${which.join(", ")}.`,
      "Choose one of them, in one piece.",
    );
  }
  const folder = foldersOf(weights.path);
  const beside = all.filter(({ path }) => CONFIGS.test(baseName(path)) && String(foldersOf(path)) === String(folder));
  const texts = await Promise.all(
    beside.map(async (file) => ({ name: baseName(file.path), text: new TextDecoder().decode(await contents(file)) })),
  );
  const bytes = await contents(weights);
  const name = PLAIN.test(stem(weights.path)) ? (folder.at(-1) ?? stem(given)) : baseName(weights.path);
  return { bytes, name, hints: readConfigs(texts) };
}
