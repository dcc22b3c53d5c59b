/** Masked image modelling handed over to PyTorch: the same first losses and hidden patches, and the encoder comes back. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { testEngine } from "../ops/check";
import { measure } from "../tasks/dino/evaluate";
import { readMae } from "../tasks/mim/network";
import { runtime } from "../tasks/mim/runtime";
import { dataset, G2SD, SETTINGS, teacherFile } from "../tasks/mim/task.fixture";
import { readNetwork } from "../tasks/vitNetwork";
import { Session } from "../train/session";
import { type Project, project } from "./project";
import { folderOf, hasPillow, hasTorch, imageFolder, inTwoProcesses, logged, python } from "./torch.fixture";

async function handedOver(changed: Record<string, string | number>): Promise<Project> {
  const taught = changed.preset === "g2sd";
  const sources = { dataset, ...(taught && { teacher: await readMae(teacherFile(), "mae.safetensors") }) };
  const options = { engine: await testEngine(), runtime, sources };
  const session = Session.create({ ...options, settings: { ...(taught ? G2SD : SETTINGS), ...changed } as typeof SETTINGS });
  try {
    return await project(options, session);
  } finally {
    session.destroy();
  }
}

const RUNS: Record<string, string | number>[] = [
  { lr: 0.01 },
  { "mim.target": "pixels", "mim.ratio": 0.4, optimizer: "sgd" },
  { lr: 0.003, width: 18, "mim.decoderWidth": 10, crop: 1, decay: 0.3 },
  { preset: "g2sd", lr: 0.01 },
  { preset: "g2sd", lr: 0.003, "g2sd.tokens": "hidden", "g2sd.layer": "last", "g2sd.ratio": 0.5 },
];

describe.skipIf(!hasTorch)("PyTorch", { timeout: 300_000 }, () => {
  test.each(RUNS)("repeats the first ten losses of a run with %o", async (changed) => {
    const { status, text } = python(folderOf(await handedOver(changed)), ["verify.py"]);
    expect(text).toContain("the losses agree");
    expect(text).toContain("other patches were hidden: 0");
    expect(status).toBe(0);
  });
});

describe.skipIf(!hasPillow)("train.py", { timeout: 300_000 }, () => {
  let folder: string;
  const words = ["every=1", "workers=0", `data=${imageFolder(dataset)}`];

  beforeAll(async () => {
    folder = folderOf(await handedOver({ steps: 4, evaluate: 4 }));
    const { status, text } = python(folder, ["train.py", ...words, "out=one"]);
    expect(text).toContain("student: the run's own, before its first step");
    expect(status).toBe(0);
  });

  test("has the same losses in two processes over gloo", () => {
    const { status, text } = inTwoProcesses(folder, 29525, [...words, "out=two"]);
    expect(text).toContain("the encoder after 4 steps");
    expect(status).toBe(0);
    const [one, two] = [logged(folder, "one"), logged(folder, "two")];
    for (const [i, row] of one.entries())
      for (const name of ["mim", "heldout_knn_top1"])
        if (name in row) expect(Math.abs(two[i][name] - row[name]), `${name} of row ${i}`).toBeLessThan(1e-4);
  });

  test("its encoder comes back as a network here, with the score that is measured here", async () => {
    const network = await readNetwork(new Uint8Array(readFileSync(join(folder, "one/student.safetensors"))), "student.safetensors");
    const score = logged(folder, "one").at(-1)?.heldout_knn_top1 as number;
    expect(await measure(await testEngine(), network, dataset)).toBeCloseTo(score, 3);
  });

  test("learns in half precision, with a fresh network of another size", () => {
    const { status, text } = python(folder, ["train.py", ...words, "width=32", "amp=bfloat16", "steps=2", "out=fresh"]);
    expect(text).toContain("student: fresh");
    expect(status).toBe(0);
  });
});
