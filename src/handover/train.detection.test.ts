/** A handed-over detector trains on pictures with COCO annotations, in one process or two, and what it trained comes back. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { detectionScenes } from "../data/scenes.detection";
import { smallDetector } from "../models/detector/config";
import { initDetector } from "../models/detector/init";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { readDetector, writeDetector } from "../tasks/detection/network";
import { runtime } from "../tasks/detection/runtime";
import { Session } from "../train/session";
import { coco } from "./coco.fixture";
import { project } from "./project";
import { folderOf, hasPillow, inTwoProcesses, logged, python } from "./torch.fixture";

const SIDE = 64;
const dataset = detectionScenes({ side: SIDE, train: 12, test: 6, seed: 3 });

describe.skipIf(!hasPillow)("train.py", { timeout: 300_000 }, () => {
  let folder: string;
  const words = ["every=1", "workers=0", `data=${coco(dataset)}`];
  const rows = (out: string) => logged(folder, out);

  beforeAll(async () => {
    const config = { ...smallDetector("gfl", "teacher", dataset.classes.length, SIDE), width: 4, channels: 12, stacked: 1 };
    const teacher = await readDetector(writeDetector({ weights: initDetector(config, 9), config }, dataset), "teacher.safetensors");
    const options = { engine: await testEngine(), runtime, sources: { dataset, teacher } };
    const own = { side: SIDE, stem: 4, channels: 8, stacked: 1, batch: 4, steps: 4, seed: 5, evaluate: 4 };
    const session = Session.create({ ...options, settings: { ...SCHEMA.defaults("samkd"), ...own } });
    folder = folderOf(await project(options, session));
    session.destroy();
    const made = python(folder, ["train.py", ...words, "out=one"]);
    expect(made.text).toContain("student: the run's own, before its first step");
    expect(made.status).toBe(0);
  });

  test("learns from the pictures, tests on those held out and logs every step", () => {
    const all = rows("one");
    expect(all.map(({ step }) => step)).toEqual([1, 2, 3, 4, 4]);
    for (const row of all.slice(0, 4))
      for (const loss of ["cls", "box", "dfl", "feature", "logit"]) expect(row[loss], loss).toBeGreaterThan(0);
    expect(all.at(-1)).toMatchObject({ heldout: 6 });
    expect(all.at(-1)?.heldout_map).toBeGreaterThanOrEqual(0);
    const [head] = readFileSync(join(folder, "one", "log.jsonl"), "utf8").split("\n");
    expect(JSON.parse(head)).toMatchObject({ losses: ["cls", "box", "dfl", "feature", "logit"], data: { id: dataset.id } });
  });

  test("has the same losses in two processes over gloo", () => {
    const { status, text } = inTwoProcesses(folder, 29519, [...words, "out=two"]);
    expect(text).toContain("the student after 4 steps");
    expect(status).toBe(0);
    const [one, two] = [rows("one"), rows("two")];
    for (const [i, { images_per_s, step_ms, ...row }] of one.entries())
      for (const [name, value] of Object.entries(row)) expect(Math.abs(two[i][name] - value), `${name} of row ${i}`).toBeLessThan(1e-4);
  });

  test("what it trains comes back as a teacher here, with the precision that is measured here", async () => {
    const large = detectionScenes({ side: 128, train: 4, test: 12, seed: 3 });
    // One small step of a detector that finds something.
    const trained = join(import.meta.dirname, "../../public/teacher-gfl.safetensors");
    const own = [`data=${coco(large)}`, `student=${trained}`, "teacher=none", "side=128", "steps=1", "lr=1e-5", "out=real"];
    const { status, text } = python(folder, ["train.py", "every=1", "workers=0", ...own]);
    expect(text).toContain("the student after 1 steps");
    expect(status).toBe(0);
    const network = await readDetector(new Uint8Array(readFileSync(join(folder, "real/student.safetensors"))), "student.safetensors");
    expect(network.classes).toEqual(large.classes);
    const precision = rows("real").at(-1)?.heldout_map as number;
    expect(precision).toBeGreaterThan(0.1);
    expect(await runtime.networks.measure(await testEngine(), network, large)).toBeCloseTo(precision, 3);
  });
});
