/** Detectors handed over to PyTorch: it makes the same first losses of the same weights and batches, by each method. */
import { describe, expect, test } from "vitest";
import { detectionScenes } from "../data/scenes.detection";
import { type DetectorKind, smallDetector } from "../models/detector/config";
import { initDetector } from "../models/detector/init";
import { testEngine } from "../ops/check";
import type { Settings } from "../settings/run";
import { SCHEMA, TASKS } from "../tasks";
import { readDetector, writeDetector } from "../tasks/detection/network";
import { runtime } from "../tasks/detection/runtime";
import { Session } from "../train/session";
import { type Project, project } from "./project";
import { folderOf, hasTorch, python } from "./torch.fixture";

const SIDE = 64;
const dataset = detectionScenes({ side: SIDE, train: 12, test: 6, seed: 3 });
const TINY = { side: SIDE, stem: 4, channels: 8, stacked: 1, batch: 2, steps: 12, seed: 5 };

/** An untrained teacher. */
function teacher(kind: DetectorKind) {
  const config = { ...smallDetector(kind, "teacher", dataset.classes.length, SIDE), width: 4, channels: 12, stacked: 1 };
  return readDetector(writeDetector({ weights: initDetector(config, 9), config }, dataset), "teacher.safetensors");
}

/** The project of a run that has made `made` steps, and the losses of these. */
async function handedOver(
  preset: string,
  changed: Record<string, string | number>,
  made = 0,
): Promise<{ files: Project; losses: unknown[] }> {
  const settings: Settings = { ...SCHEMA.defaults(preset), ...TINY, ...changed };
  const learns = settings.teacher === "none" ? {} : { teacher: await teacher(settings.detector as DetectorKind) };
  const options = { engine: await testEngine(), runtime, sources: { dataset, ...learns } };
  const session = Session.create({ ...options, settings });
  const losses: unknown[] = [];
  while (losses.length < made) losses.push((await session.advance()).losses);
  try {
    return { files: await project(options, session), losses };
  } finally {
    session.destroy();
  }
}

const facts = (files: Project) => JSON.parse(new TextDecoder().decode(files.get("run.json")));

test("holds the run's own losses and the weights of terms that were measured", async () => {
  const { files, losses } = await handedOver("samkd", {}, 3);
  const run = facts(files);
  expect(run.expected.slice(0, 3).map((row: { losses: unknown }) => row.losses)).toEqual(losses);
  expect(Object.keys(run.expected[0].losses)).toEqual(["cls", "box", "dfl", "feature", "logit"]);
  expect(run.measured.map(({ step, key }: { step: number; key: string }) => `${step} ${key}`)).toEqual(
    [0, 1].flatMap((step) => [`${step} samkd.alpha`, `${step} samkd.beta`]),
  );
  expect([...files.keys()]).toEqual(
    expect.arrayContaining(["modules_initial.safetensors", "modules.safetensors", "detector.py", "README.md"]),
  );
});

const PLAIN = { vitWidth: 8, vitDepth: 2, vitHeads: 2, window: 2, globals: 1 };
const RUNS: [preset: string, settings: Record<string, string | number>][] = [
  ["samkd", {}],
  ["samkd", { "samkd.regions": "1+2", "samkd.borders": "cropped", "samkd.theta": "scale", "samkd.difference": "pooled" }],
  ["samkd", { "samkd.sfd": "off", "samkd.divergence": "bernoulli", "samkd.detach": "on", optimizer: "sgd" }],
  ["samkd", { "samkd.projection": "reconstruction", "samkd.reduction": "literal", "samkd.phi": "softmax", "samkd.difference": "pixels" }],
  ["mkd", {}],
  ["mkd", { "mkd.patchPixels": "16", "mkd.tokenPixels": "16", "mkd.passes": "two", "mkd.encoder": "on", "mkd.area": "erased" }],
  ["mkd", { "mkd.variant": "cutout", "mkd.statistics": "all" }],
  ["fitnet", { detector: "atss" }],
  ["fitnet", { detector: "fcos", channels: 12, weights: "given" }],
  ["fitnet", { detector: "retinanet", teacher: "none" }],
  ["mgd", { norm: "bn", block: "bottleneck" }],
  ["mkd", { norm: "bn", backbone: "resnext", cardinality: "4" }],
  ["mgd", { backbone: "vitdet", ...PLAIN }],
  ["fitnet", { backbone: "vitdet", ...PLAIN, vitDepth: 2, relpos: "on", lr: 0.01 }],
  ["mkd", { backbone: "vitdet", ...PLAIN, globals: 2, "mkd.patchPixels": "16", "mkd.tokenPixels": "16" }],
  ["fitnet", { norm: "frozen", "fitnet.reduction": "literal" }],
  ["dmkd", { "dmkd.shares": "learned" }],
  ["amd", {}],
  ["amd", { "amd.channels": "off", "amd.phi": "softmax" }],
  ["pkd", {}],
  ["logit", {}],
  ["fgd", {}],
  ["fgd", { detector: "fcos", "fgd.reduction": "literal", weights: "given" }],
  ["freekd", {}],
  ["freekd", { "freekd.prompts": "learned", "freekd.promptSteps": 3 }],
  ["dkd", { detector: "retinanet" }],
  ["dkd", { detector: "fcos", "dkd.temperature": 2 }],
  ["sdd", { detector: "retinanet", "sdd.regions": "1+2" }],
  ["sdd", { "sdd.divergence": "bernoulli" }],
];

test("every method that is handed over is tried", () => {
  expect([...new Set(RUNS.map(([preset]) => preset))].sort()).toEqual(Object.keys(TASKS.detection.methods).sort());
});

describe.skipIf(!hasTorch)("PyTorch", { timeout: 300_000 }, () => {
  test.each(RUNS)("repeats the first ten losses of a run of %s with %o", async (preset, changed) => {
    const { files } = await handedOver(preset, changed);
    expect(facts(files).expected).toHaveLength(10);
    const { status, text } = python(folderOf(files), ["verify.py"]);
    expect(text).toContain("the losses agree");
    expect(status).toBe(0);
  });
});
