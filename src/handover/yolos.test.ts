/** Detection by transformer handed over to PyTorch: the same first losses, and what is trained there, in one process or two, comes back. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { testEngine } from "../ops/check";
import { readNetwork } from "../tasks/yolos/network";
import { runtime } from "../tasks/yolos/runtime";
import { dataset, SETTINGS, teacher } from "../tasks/yolos/task.fixture";
import { Session } from "../train/session";
import { coco } from "./coco.fixture";
import { type Project, project } from "./project";
import { folderOf, hasPillow, hasTorch, inTwoProcesses, logged, python } from "./torch.fixture";

async function handedOver(changed: Record<string, string | number>): Promise<Project> {
  const sources = { dataset, ...(changed.teacher !== "none" && { teacher }) };
  const options = { engine: await testEngine(), runtime, sources };
  const session = Session.create({ ...options, settings: { ...SETTINGS, steps: 12, ...changed } });
  try {
    return await project(options, session);
  } finally {
    session.destroy();
  }
}

const RUNS: Record<string, string | number>[] = [
  {},
  { teacher: "none", noObject: 0.3, optimizer: "sgd", lr: 0.01 },
  { queries: "cls", softmaxOver: "eq2", "yolos.lambda": 1, augment: "none" },
  { criterion: "late-random", queries: "patches", block: 1, keep: 0.3 },
  { keep: 1 },
];

describe.skipIf(!hasTorch)("PyTorch", { timeout: 300_000 }, () => {
  test.each(RUNS)("repeats the first ten losses of a run with %o", async (changed) => {
    const { status, text } = python(folderOf(await handedOver(changed)), ["verify.py"]);
    expect(text).toContain("the losses agree");
    expect(text).toContain("chosen otherwise: 0");
    expect(status).toBe(0);
  });
});

describe.skipIf(!hasPillow)("train.py", { timeout: 300_000 }, () => {
  let folder: string;
  const words = ["every=1", "workers=0", `data=${coco(dataset)}`];

  beforeAll(async () => {
    folder = folderOf(await handedOver({ batch: 4, steps: 4, evaluate: 4 }));
    const { status, text } = python(folder, ["train.py", ...words, "out=one"]);
    expect(text).toContain("student: the run's own, before its first step");
    expect(status).toBe(0);
  });

  test("has the same losses in two processes over gloo", () => {
    const { status, text } = inTwoProcesses(folder, 29527, [...words, "out=two"]);
    expect(text).toContain("the student after 4 steps");
    expect(status).toBe(0);
    const [one, two] = [logged(folder, "one"), logged(folder, "two")];
    for (const [i, row] of one.entries())
      for (const name of ["ce", "l1", "giou", "patch", "det", "heldout_map"])
        if (name in row) expect(Math.abs(two[i][name] - row[name]), `${name} of row ${i}`).toBeLessThan(1e-4);
  });

  test("what it trains comes back, with the precision that is measured here", async () => {
    const network = await readNetwork(new Uint8Array(readFileSync(join(folder, "one/student.safetensors"))), "student.safetensors");
    expect(network.classes).toEqual(dataset.classes);
    const score = logged(folder, "one").at(-1)?.heldout_map as number;
    expect(await runtime.networks.measure(await testEngine(), network, dataset)).toBeCloseTo(score, 3);
  });

  test("learns in half precision, with a fresh student of another size", () => {
    const { status, text } = python(folder, ["train.py", ...words, "width=24", "depth=3", "amp=bfloat16", "steps=2", "out=fresh"]);
    expect(text).toContain("student: fresh");
    expect(status).toBe(0);
    expect(logged(folder, "fresh")[0].patch).toBeGreaterThan(0);
  });
});
