/** A handed-over project trains on folders of pictures, in one process or two, and what it trained comes back. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import { readNetwork } from "../tasks/vitNetwork";
import { Session } from "../train/session";
import { project } from "./project";
import { folderOf, hasPillow, imageFolder, inTwoProcesses, logged, python } from "./torch.fixture";

const SIDE = 16;
const dataset = scenes({ side: SIDE, train: 40, test: 20, seed: 3 });
const settings = {
  ...SCHEMA.defaults(),
  width: 8,
  depth: 2,
  heads: 2,
  batch: 8,
  side: SIDE,
  steps: 6,
  seed: 5,
  evaluate: 6,
  teacher: "none" as const,
};

describe.skipIf(!hasPillow)("train.py", { timeout: 300_000 }, () => {
  let folder: string;
  const words = ["every=1", "workers=0", `data=${imageFolder(dataset)}`];
  const rows = (out: string) => logged(folder, out);
  /** What two trainings have in common: everything but time. */
  const values = (out: string) => rows(out).map(({ images_per_s, step_ms, ...rest }) => rest);

  beforeAll(async () => {
    const options = { engine: await testEngine(), runtime, sources: { dataset } };
    const teacher = Session.create({ ...options, settings });
    const trained = await readNetwork(await runtime.networks.write(teacher.task, dataset), "teacher");
    teacher.destroy();
    const withTeacher = { ...options, sources: { dataset, teacher: trained } };
    const session = Session.create({
      ...withTeacher,
      settings: { ...settings, seed: 6, teacher: "teacher", criterion: "late-random", dropPath: 0.3 },
    });
    folder = folderOf(await project(withTeacher, session));
    session.destroy();
    const made = python(folder, ["train.py", ...words, "out=one"]);
    expect(made.text).toContain("student: the run's own, before its first step");
    expect(made.status).toBe(0);
  });

  test("learns from the pictures, tests on those held out and logs every step", () => {
    expect(rows("one").map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 6]);
    for (const { ce, kd } of rows("one").slice(0, 6)) for (const loss of [ce, kd]) expect(loss).toBeGreaterThan(0);
    expect(rows("one").at(-1)).toMatchObject({ heldout: 20 });
    const [head] = readFileSync(join(folder, "one", "log.jsonl"), "utf8").split("\n");
    expect(JSON.parse(head)).toMatchObject({ losses: ["ce", "kd"], data: { id: dataset.id, train: 40, test: 20 } });
  });

  test("has the same losses in two processes over gloo", () => {
    const { status, text } = inTwoProcesses(folder, 29517, [...words, "out=two"]);
    expect(text).toContain("the student after 6 steps");
    expect(status).toBe(0);
    const [one, two] = [values("one"), values("two")];
    expect(two).toHaveLength(one.length);
    for (const [i, row] of one.entries())
      for (const [name, value] of Object.entries(row)) expect(Math.abs(two[i][name] - value), `${name} of row ${i}`).toBeLessThan(1e-5);
  });

  test("goes on where it was cut short, as if it had not been", () => {
    const stop = ["-c", STOPPED, ...words, "out=resumed", "save=3"];
    expect(python(folder, stop).status).toBe(9);
    const { text, status } = python(folder, ["train.py", ...words, "out=resumed", "save=3"]);
    expect(text).toContain("continuing at step 3");
    expect(status).toBe(0);
    expect(values("resumed")).toEqual(values("one"));
    const refused = python(folder, ["train.py", ...words, "out=resumed", "lr=0.01"]);
    expect(refused.text).toContain("holds a run of other settings");
    expect(refused.status).toBe(1);
  });

  test("computes in half precision where that is asked, at another size with a fresh student", () => {
    const { text, status } = python(folder, ["train.py", ...words, "out=half", "amp=bfloat16", "side=32", "augment=crop", "crop=0.3"]);
    expect(text).toContain("student: fresh");
    expect(status).toBe(0);
    expect(rows("half").at(-1)?.step).toBe(6);
  });

  test("its student comes back as a teacher here", async () => {
    const network = await readNetwork(new Uint8Array(readFileSync(join(folder, "one/student.safetensors"))), "student.safetensors");
    expect(network.classes).toEqual([...dataset.classes].sort());
    expect(network.score).toBeCloseTo(rows("one").at(-1)?.heldout_top1 as number, 3);
    const engine = await testEngine();
    expect(await runtime.networks.measure(engine, network, dataset)).toBeCloseTo(network.score as number, 3);
    const session = Session.create({
      engine,
      runtime,
      sources: { dataset, teacher: network },
      settings: { ...settings, teacher: "teacher" },
    });
    expect((await session.advance()).losses.kd).toBeGreaterThan(0);
    session.destroy();
  });

  test("says what is wrong with words and data", () => {
    const failing = (...more: string[]) => python(folder, ["train.py", ...more, "out=none"]);
    expect(failing("keeep=1").text).toContain('Cannot read "keeep=1".');
    expect(failing().text).toContain("No data are named.");
    expect(failing(...words, "augment=heavy").text).toContain("train.py does not augment=heavy.");
    expect(failing(...words, "lr=fast").text).toContain('lr cannot be "fast".');
  });
});

/** Runs train.py and dies without a word after the fourth step. */
const STOPPED = `
import os, sys
import train
update = train.Training.update
def until(self, *batch):
    if self.step == 4:
        os._exit(9)
    return update(self, *batch)
train.Training.update = until
train.Training(sys.argv[1:]).train()
`;
