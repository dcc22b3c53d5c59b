/** Self-distillation handed over to PyTorch: the same first losses, teacher and centre that follow, and what is trained there comes back. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../models/safetensors";
import { testEngine } from "../ops/check";
import { runtime } from "../tasks/dino/runtime";
import { dataset, SETTINGS } from "../tasks/dino/task.fixture";
import { readNetwork } from "../tasks/vitNetwork";
import { Session } from "../train/session";
import { type Project, project } from "./project";
import { folderOf, hasPillow, hasTorch, imageFolder, inTwoProcesses, logged, python } from "./torch.fixture";

async function handedOver(changed: Record<string, string | number>, made = 0): Promise<Project> {
  const options = { engine: await testEngine(), runtime, sources: { dataset } };
  const session = Session.create({ ...options, settings: { ...SETTINGS, steps: 12, ...changed } });
  try {
    while (session.step < made) await session.advance();
    return await project(options, session);
  } finally {
    session.destroy();
  }
}

/** Rates at which every part of the step shows in the losses. */
const FAST = { lr: 0.01, "dino.momentum": 0.5, "dino.centring": 0.5 };
const RUNS: Record<string, string | number>[] = [
  {},
  { ...FAST, frozen: 0.3, decay: 0.2, decayEnd: 0.9 },
  { ...FAST, crops: 0, queries: "patches", softmaxOver: "eq2" },
  { ...FAST, criterion: "teacher", localSide: 12, "dino.temperature": 0.3, "dino.teacherTemperature": 0.1 },
  { ...FAST, lr: 0.001, criterion: "late-random", optimizer: "sgd", block: 1, "dino.temperature": 0.03, "dino.teacherTemperature": 0.1 },
  { criterion: "random", keep: 0.3 },
];

describe.skipIf(!hasTorch)("PyTorch", { timeout: 300_000 }, () => {
  test.each(RUNS)("repeats the first ten losses of a run with %o", async (changed) => {
    const { status, text } = python(folderOf(await handedOver(changed)), ["verify.py"]);
    expect(text).toContain("the losses agree");
    expect(text).toContain("chosen otherwise: 0");
    expect(status).toBe(0);
  });

  test("has teacher and centre of the run after its steps", async () => {
    // Plain SGD: biases of keys have no gradient but rounding, of which Adam makes whole steps.
    const folder = folderOf(await handedOver({ ...FAST, optimizer: "sgd", steps: 6, keep: 1 }, 6));
    const words = `
import verify, method, tensors
known = {}
made = method.handed_over
verify.handed_over = lambda run: known.setdefault("one", made(run))
assert verify.main() == 0
pair = known["one"].trained
tensors.save({**pair.teacher.state_dict(), "centre": pair.centre}, "reached.safetensors")`;
    expect(python(folder, ["-c", words]).status).toBe(0);
    const [reached, there] = ["reached", "teacher"].map((name) =>
      readSafetensors(new Uint8Array(readFileSync(join(folder, `${name}.safetensors`)))),
    );
    expect([...reached.keys()].sort()).toEqual([...there.keys()].sort());
    for (const [name, { data }] of there)
      for (const [i, value] of data.entries())
        expect(Math.abs(Number(reached.get(name)!.data[i]) - Number(value)), `${name} ${i}`).toBeLessThan(1e-5);
  });
});

describe.skipIf(!hasPillow)("train.py", { timeout: 300_000 }, () => {
  let folder: string;
  const words = ["every=1", "workers=0", `data=${imageFolder(dataset)}`];

  beforeAll(async () => {
    folder = folderOf(await handedOver({ batch: 4, steps: 4, evaluate: 4 }));
    const { status, text } = python(folder, ["train.py", ...words, "out=one"]);
    expect(text).toContain("student: the run's own, before its first step");
    expect(status).toBe(0);
  });

  test("has the same losses in two processes over gloo", () => {
    const { status, text } = inTwoProcesses(folder, 29523, [...words, "out=two"]);
    expect(text).toContain("the teacher after 4 steps");
    expect(status).toBe(0);
    const [one, two] = [logged(folder, "one"), logged(folder, "two")];
    for (const [i, row] of one.entries())
      for (const name of ["dino", "entropy", "heldout_knn_top1"])
        if (name in row) expect(Math.abs(two[i][name] - row[name]), `${name} of row ${i}`).toBeLessThan(1e-5);
  });

  test("its teacher comes back as a network here, with the score that is measured here", async () => {
    const network = await readNetwork(new Uint8Array(readFileSync(join(folder, "one/student.safetensors"))), "student.safetensors");
    expect([network.config.classes, network.config.image]).toEqual([0, 16]);
    const score = logged(folder, "one").at(-1)?.heldout_knn_top1 as number;
    expect(await runtime.networks.measure(await testEngine(), network, dataset)).toBeCloseTo(score, 3);
  });

  test("goes on where it stood, teacher and centre with it", () => {
    expect(python(folder, ["train.py", ...words, "out=long", "save=2", "steps=4"]).status).toBe(0);
    expect(logged(folder, "long").map(({ dino }) => dino)).toEqual(logged(folder, "one").map(({ dino }) => dino));
    const stop = `import train
train.Training.save = lambda self, save=train.Training.save: (save(self), self.step == 2 and __import__("os")._exit(9))
train.Training(${JSON.stringify([...words, "out=cut", "save=2"])}).train()`;
    expect(python(folder, ["-c", stop]).status).toBe(9);
    expect(python(folder, ["train.py", ...words, "out=cut", "save=2"]).text).toContain("continuing at step 2");
    expect(logged(folder, "cut").map(({ dino }) => dino)).toEqual(logged(folder, "one").map(({ dino }) => dino));
  });

  test("cuts other crops in half precision, with a fresh student, of pictures without classes", () => {
    const other = ["width=32", "crops=1", "amp=bfloat16", "steps=2", `data=${imageFolder(dataset)}/test/${dataset.classes[0]}`];
    const { status, text } = python(folder, ["train.py", ...words, ...other, "out=fresh"]);
    expect(text).toContain("student: fresh");
    expect(status).toBe(0);
  });
});
