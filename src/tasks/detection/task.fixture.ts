/** Tiny detectors on 64-pixel scenes, for tests of runs. */
import { detectionScenes } from "../../data/scenes.detection";
import type { Engine } from "../../engine/device";
import { Live } from "../../engine/graph";
import { type DetectorKind, smallDetector } from "../../models/detector/config";
import { initDetector } from "../../models/detector/init";
import type { Settings } from "../../settings/run";
import { Schema } from "../../settings/schema";
import type { Sources } from "../task";
import { detection } from "./index";
import { type DetectorNetwork, readDetector, writeDetector } from "./network";
import { runtime } from "./runtime";
import type { DetectionTask } from "./task";

export const dataset = detectionScenes({ side: 64, train: 12, test: 6, seed: 3 });
const configOf = (kind: DetectorKind) => ({
  ...smallDetector(kind, "teacher", dataset.classes.length, 64),
  width: 4,
  channels: 12,
  stacked: 0,
});
export const config = configOf("gfl");
const TINY = { side: 64, stem: 4, channels: 8, stacked: 0, batch: 2, steps: 6, seed: 5 };

/** An untrained teacher, usually a GFL. */
export function network(kind: DetectorKind = "gfl"): Promise<DetectorNetwork> {
  const config = configOf(kind);
  return readDetector(writeDetector({ weights: initDetector(config, 9), config }, dataset), "teacher.safetensors");
}

const SCHEMA = new Schema([detection]);

export function settingsOf(preset = "samkd", more: Partial<Settings> = {}): Settings {
  return { ...SCHEMA.defaults(preset), ...TINY, ...more } as Settings;
}

/** A task without a session, before its first step. */
export function taskOf(
  engine: Engine,
  teacher: DetectorNetwork | undefined,
  settings = settingsOf(),
  start?: DetectorNetwork,
): DetectionTask {
  const live = Object.fromEntries(Object.entries({ ...settings, step: 0 }).map(([key, value]) => [key, new Live(Number(value))]));
  const sources: Sources<typeof dataset, DetectorNetwork> = { dataset, teacher, start };
  return runtime.create(engine, sources, settings, live);
}
