/** The browser's half of `--host chromium`; browser.ts imports it into an empty page and calls `bench`. */
import { readSafetensors } from "../../models/safetensors";
import type { Row } from "./contest";
import type { FileRole, Options, Tensors } from "./defaults";
import { runHere } from "./engines";

export async function bench(options: Options): Promise<Row[]> {
  const files: Partial<Record<FileRole, Tensors>> = {};
  for (const role of Object.keys(options.files) as FileRole[]) {
    const response = await fetch(`/bench-files/${role}`);
    files[role] = readSafetensors(await response.arrayBuffer(), options.files[role]);
  }
  return runHere(navigator.gpu, options, files);
}
