/** Runs handed over to PyTorch: it makes the same first losses of the same weights and batches, whatever the settings. */
import { describe, expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { readSafetensors, readSafetensorsMetadata } from "../models/safetensors";
import { initViT, type ViTConfig } from "../models/vit/config";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import type { Network } from "../tasks/vitNetwork";
import { Session } from "../train/session";
import { type Project, project } from "./project";
import { altered, folderOf, hasTorch, python } from "./torch.fixture";

const dataset = scenes({ side: 16, train: 40, test: 12, seed: 3 });
const TEACHER: ViTConfig = {
  ...{ image: 16, patch: 4, channels: 3, classes: dataset.classes.length, width: 12, depth: 3, heads: 3, headDim: 4, mlp: 24 },
  ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
};
const network = (name: string, config: ViTConfig): Network => {
  return { id: name, name, weights: initViT(config, 2), config };
};
const sources = {
  dataset,
  teacher: network("teacher", TEACHER),
  guide: network("guide", { ...TEACHER, image: 24, patch: 8, classes: 0 }),
};

/** The project of a run that has made `made` steps. */
async function handedOver(changed: Record<string, string | number>, made = 0, from: typeof sources = sources): Promise<Project> {
  const own = { width: 8, depth: 2, heads: 2, batch: 8, steps: 12, seed: 5, keep: 0.4, ...changed };
  const options = { engine: await testEngine(), runtime, sources: changed.teacher === "none" ? { dataset } : from };
  const session = Session.create({ ...options, settings: { ...SCHEMA.defaults(), ...own } });
  for (let step = 0; step < made; step++) await session.advance();
  try {
    return await project(options, session);
  } finally {
    session.destroy();
  }
}

const facts = (files: Project) => JSON.parse(new TextDecoder().decode(files.get("run.json")));

test("holds the run's own losses, its weights before and after, and the settings it began with", async () => {
  const options = { engine: await testEngine(), runtime, sources };
  const settings = { ...SCHEMA.defaults(), width: 8, depth: 2, heads: 2, batch: 8, steps: 4, seed: 5 };
  const session = Session.create({ ...options, settings });
  const before = await session.task.weights();
  const losses = [(await session.advance()).losses];
  session.set("keep", 0.25);
  while (!session.finished) losses.push((await session.advance()).losses);
  const files = await project(options, session);
  expect(readSafetensors(files.get("student_initial.safetensors") as Uint8Array).get("head.weight")?.data).toEqual(
    before.get("head.weight")?.data,
  );
  const now = await session.task.weights();
  expect(readSafetensors(files.get("student.safetensors") as Uint8Array).get("head.weight")?.data).toEqual(now.get("head.weight")?.data);
  const run = facts(files);
  expect(run.settings.keep).toBe(0.5);
  expect(run.changes).toMatchObject([{ step: 1, key: "keep", to: 0.25 }]);
  // The same bits until the change, which the first steps do without.
  expect(run.expected).toHaveLength(4);
  expect(run.expected[0].losses).toEqual(losses[0]);
  expect(run.expected[1].losses).not.toEqual(losses[1]);
  expect(readSafetensorsMetadata(files.get("teacher.safetensors") as Uint8Array).classes).toBe(JSON.stringify(dataset.classes));
  session.destroy();
});

const RUNS: Record<string, string | number>[] = [
  {},
  { teacher: "none", smoothing: 0.1, optimizer: "sgd", schedule: "step" },
  { criterion: "teacher", queries: "patches", softmaxOver: "eq2" },
  { criterion: "guide", augment: "crop", crop: 0.3 },
  { criterion: "random", dropPath: 0.5, augment: "none" },
  { criterion: "bottom", block: 1, "maskedkd.temperature": 3, "maskedkd.lambda": 2, labels: 0.5 },
  { criterion: "late-random", augment: "heavy", operations: "full", erasing: 0.5 },
  { masked: "student", base: "manifold", "manifold.draws": "per-layer" },
  { base: "manifold", queries: "patches", keep: 1 },
  { base: "attention", family: "clip" },
  { base: "hard", family: "deit-distilled", queries: "patches" },
  { base: "manifold", family: "deit3", dropPath: 0.3 },
  { family: "mae", softmaxOver: "eq2" },
  { family: "cait", dropPath: 0.2 },
  { tome: 3 },
  { tome: 5, criterion: "teacher", base: "hard", keep: 1 },
  { frozen: "on", optimizer: "sgd" },
  { masked: "student", base: "attention", "attention.temperature": 20, criterion: "guide-late-random" },
];

test("a Python without PyTorch says so in words", async () => {
  const folder = folderOf(await handedOver({}));
  for (const command of ["verify.py", "train.py"]) {
    const { status, text } = python(folder, ["-c", `import runpy, sys; sys.modules["torch"] = None; runpy.run_path("${command}")`]);
    expect(text).toContain("cannot load PyTorch");
    expect(text).toContain("pip install torch");
    expect(text).not.toContain("Traceback");
    expect(status).toBe(1);
  }
});

describe.skipIf(!hasTorch)("PyTorch", { timeout: 300_000 }, () => {
  test.each(["mae", "deit-distilled", "cait"] as const)("repeats those of a %s that teaches", async (family) => {
    const config = { ...TEACHER, family, ...(family === "cait" && { classDepth: 1 }) };
    const from = { ...sources, teacher: network(family, config) };
    const files = await handedOver({ tome: family === "cait" ? 0 : 3 }, 0, from);
    const { status, text } = python(folderOf(files), ["verify.py"]);
    expect(text).toContain("the losses agree");
    expect(status).toBe(0);
  });

  test.each(RUNS)("repeats the first ten losses of a run with %o", async (changed) => {
    const files = await handedOver(changed);
    expect(facts(files).expected).toHaveLength(10);
    const { status, text } = python(folderOf(files), ["verify.py"]);
    expect(text).toContain("the losses agree");
    expect(text).toContain("chosen otherwise: 0");
    expect(status).toBe(0);
  });

  test("head by head too, where both have as many heads", async () => {
    const files = await handedOver({ base: "attention", "attention.heads": "per-head", heads: 3, width: 12 });
    expect(python(folderOf(files), ["verify.py"]).status).toBe(0);
  });

  test("says so where a loss is another, and where weights are not those of the network", async () => {
    const files = await handedOver({});
    const off = altered(files, ({ expected }) => {
      expected[9].losses.kd += 0.001;
    });
    const { status, text } = python(folderOf(off), ["verify.py"]);
    expect(text).toContain("THE LOSSES DIFFER");
    expect(status).toBe(1);
    const other = new Map([...files, ["student_initial.safetensors", files.get("teacher.safetensors") as Uint8Array]]);
    const refused = python(folderOf(other), ["verify.py"]);
    expect(refused.text).toContain("Error(s) in loading state_dict");
    expect(refused.status).not.toBe(0);
  });
});
