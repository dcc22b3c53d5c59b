/** A network trained from labels and written as safetensors. */
import { rmSync } from "node:fs";
import type { Engine } from "../engine/device";
import type { Settings } from "../settings/run";
import { onnxOf } from "../tasks/onnxOf";
import type { AnyDataset, AnyNetwork } from "../tasks/task";
import { rounded } from "./arguments";
import { rowOf, runToEnd, testRow, writeWhole } from "./headless";
import type { Wing } from "./sources";

export interface NetworkTraining {
  engine: Engine;
  wing: Wing;
  dataset: AnyDataset;
  /** The network that it begins as. */
  start?: AnyNetwork;
  settings: Settings;
  /** The file it is written to. */
  out: string;
  /** The file it is also written to as ONNX, if wanted. */
  onnx?: string;
  print(row: object): void;
}

/** Trains to the end and writes the network. A training that was cut short goes on from what is saved beside `out`. */
export async function trainNetwork({ engine, wing, dataset, start, settings, out, onnx, print }: NetworkTraining): Promise<void> {
  const { definition, runtime } = wing;
  const resume = `${out}.run`;
  const session = await runToEnd({
    session: { engine, runtime, settings, sources: { dataset, start } },
    resume,
    every: 50,
    log: (report) => print(rounded(rowOf(report, definition))),
    evaluated: (step, scores) => print(rounded(testRow(step, scores))),
  });
  const scores = await session.evaluate();
  writeWhole(out, await runtime.networks.write(session.task, dataset, scores[definition.metric]));
  if (onnx) writeWhole(onnx, await onnxOf(runtime, session.task, dataset));
  rmSync(resume, { force: true });
  print({ final: true, ...rounded(scores), steps: session.step, out });
  session.destroy();
}
