/** What a distillation of a classifier is about: data, a teacher for it, and perhaps a guide. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Dataset } from "../data/dataset";
import type { Engine } from "../engine/device";
import { defaults, type Settings } from "../settings/experiment";
import { fits } from "../tasks/classification/fitted";
import type { Network } from "../tasks/classification/network";
import { type Classification, classification } from "../tasks/classification/task";
import type { Subject } from "../tasks/task";
import { loadNetwork, openData } from "./headless";
import { trainClassifier } from "./train";

/** Arguments that name what a distillation is about. */
export const SUBJECT_KEYS = ["data", "teacher", "guide"] as const;

/** Opens data, teacher ("none" for none, by default the usual one) and guide. */
export async function openSubject(engine: Engine, rest: Record<string, string>, settings: Settings): Promise<Subject<Classification>> {
  const dataset = await openData(rest.data ?? "scenes", settings.side);
  const guide = rest.guide ? await loadNetwork(rest.guide) : undefined;
  if (settings.teacher === "none") return classification({ dataset, guide });
  const teacher = rest.teacher ? await loadNetwork(rest.teacher) : await usualTeacher(engine, dataset, settings);
  return classification({ dataset, teacher, guide });
}

/** The teacher that ships with the page. */
const SHIPPED = "public/teacher-scenes.safetensors";

/** Passes over the data that a teacher is trained for, within limits. */
const EPOCHS = 30;
const [LEAST_STEPS, MOST_STEPS] = [200, 1500];

/** The teacher that ships with the page, if it is for such data; else one trained on them here, once, and kept. */
async function usualTeacher(engine: Engine, dataset: Dataset, { batch, seed, side }: Settings): Promise<Network> {
  const shipped = await loadNetwork(SHIPPED);
  if (fits(shipped, dataset)) return shipped;
  const out = `.cache/teacher-${dataset.id}.safetensors`;
  if (!existsSync(out)) {
    const steps = Math.min(MOST_STEPS, Math.max(LEAST_STEPS, Math.round((EPOCHS * dataset.train.count) / batch)));
    console.error(`${shipped.name} is not for this data. Training a teacher first (${steps} steps); it is kept as ${out}.`);
    mkdirSync(dirname(out), { recursive: true });
    const settings = { ...defaults(), width: 64, depth: 4, heads: 4, lr: 2e-3, batch, seed, side, steps, evaluate: steps };
    await trainClassifier({ engine, dataset, settings, out, print: (row) => console.error(JSON.stringify(row)) });
  }
  return loadNetwork(out);
}
