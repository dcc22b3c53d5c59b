/**
 * Trains a network from labels and writes it as safetensors: `npm run train -- out=teacher.safetensors width=96 depth=5`.
 * Stops and resumes by itself: the run is saved beside `out` every minute.
 */
import { assertOnnx } from "../tasks/onnxOf";
import { sized } from "../worker/sources";
import { printer, readArguments } from "./arguments";
import { nodeEngine, writeWhole } from "./headless";
import { loadStart, openData, openWing, usualData } from "./sources";
import { trainNetwork } from "./trainNetwork";

const USAGE =
  "npm run train -- out=FILE.safetensors [onnx=FILE] [student=FILE] [preset=..] [data=..] [steps=..] [batch=..] [side=..] [seed=..] [--json]";

export async function main(argv: string[]): Promise<number> {
  const { settings, rest, json } = readArguments(argv, ["out", "onnx", "data", "student", "kernels"]);
  if (!rest.out) {
    console.error(`out is missing.\n${USAGE}`);
    return 2;
  }
  const wing = await openWing(settings);
  if (rest.onnx) assertOnnx(wing.runtime);
  for (const file of [rest.out, rest.onnx]) if (file) writeWhole(file, new Uint8Array()); // fails now, not after hours, if it cannot be written
  const dataset = await openData(wing, rest.data ?? usualData(wing), settings.side);
  const start = rest.student ? await loadStart(wing, rest.student) : undefined;
  const whole = sized(wing, settings, start);
  await trainNetwork({
    engine: await nodeEngine(rest.kernels),
    wing,
    dataset,
    start,
    settings: whole,
    out: rest.out,
    onnx: rest.onnx,
    print: printer(json),
  });
  return 0;
}
