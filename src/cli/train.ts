/**
 * Trains a network from labels and writes it as safetensors: `npm run train -- out=teacher.safetensors width=96 depth=5`.
 * Stops and resumes by itself: the run is saved beside `out` every minute.
 */
import { rmSync } from "node:fs";
import type { Dataset } from "../data/dataset";
import type { Engine } from "../engine/device";
import { isDetection, type Settings } from "../settings/experiment";
import { writeNetwork } from "../tasks/classification/network";
import { classification } from "../tasks/classification/task";
import { trainDetector } from "./detection";
import { nodeEngine, openData, readArguments, runToEnd, writeWhole } from "./headless";

const USAGE =
  "npm run train -- out=FILE.safetensors [data=scenes] [width=..] [depth=..] [heads=..] [steps=..] [batch=..] [side=..] [seed=..] [--json]";

export async function main(argv: string[]): Promise<number> {
  const given = readArguments(argv, ["out", "data", "kernels"]);
  const { settings, rest, json } = given;
  if (!rest.out) {
    console.error(`out is missing.\n${USAGE}`);
    return 2;
  }
  writeWhole(rest.out, new Uint8Array()); // fails now, not after hours, if it cannot be written
  if (isDetection(settings.preset)) return trainDetector(given);
  const dataset = await openData(rest.data ?? "scenes", settings.side);
  const print = (row: object) => console.log(json ? JSON.stringify(row) : Object.entries(row).flat().join(" "));
  await trainClassifier({ engine: await nodeEngine(rest.kernels), dataset, settings, out: rest.out, print });
  return 0;
}

interface Training {
  engine: Engine;
  dataset: Dataset;
  settings: Settings;
  /** The file it is written to. */
  out: string;
  print(row: object): void;
}

/** Trains to the end and writes the network. A training that was cut short goes on from what is saved beside `out`. */
export async function trainClassifier({ engine, dataset, settings, out, print }: Training): Promise<void> {
  const resume = `${out}.run`;
  const session = await runToEnd({
    session: { engine, subject: classification({ dataset }), settings },
    resume,
    every: 50,
    log: ({ step, losses, rates, imagesPerSecond }) =>
      print({ step, ce: round(losses.ce), batch_top1: round(rates.student), images_per_s: Math.round(imagesPerSecond) }),
    evaluated: (step, scores) => print({ step, ...scores }),
  });
  const { top1 } = await session.evaluate();
  const { config } = session.task;
  writeWhole(out, writeNetwork({ weights: await session.task.weights(), config, top1 }, dataset));
  rmSync(resume, { force: true });
  print({ final: true, top1, steps: session.step, out });
  session.destroy();
}

const round = (x: number) => Math.round(1e4 * x) / 1e4;
