/** Segmenters handed over to PyTorch: the same first losses, and what is trained there, in one process or two, comes back. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { pngBytes } from "../data/png.fixture";
import { testEngine } from "../ops/check";
import { readNetwork, type SegmenterNetwork } from "../tasks/segmentation/network";
import { runtime } from "../tasks/segmentation/runtime";
import { dataset, SETTINGS, teacher } from "../tasks/segmentation/task.fixture";
import { Session } from "../train/session";
import { type Project, project } from "./project";
import { folderOf, hasPillow, hasTorch, inTwoProcesses, logged, python } from "./torch.fixture";

async function handedOver(changed: Record<string, string | number>, taught: SegmenterNetwork = teacher): Promise<Project> {
  const sources = { dataset, ...(changed.teacher !== "none" && { teacher: taught }) };
  const options = { engine: await testEngine(), runtime, sources };
  const session = Session.create({ ...options, settings: { ...SETTINGS, steps: 12, keep: 0.5, ...changed } });
  try {
    return await project(options, session);
  } finally {
    session.destroy();
  }
}

/** Pictures and masks as PNG, and the names of the classes. */
function maskFolder(): string {
  const { side, classes } = dataset;
  const png = (samples: Uint8Array, colour: number) => pngBytes({ width: side, height: side, depth: 8, colour, samples });
  const files = (["train", "test"] as const).flatMap((half) =>
    Array.from({ length: dataset[half].count }, (_, i) => i).flatMap((i): [string, Uint8Array][] => {
      const planes = dataset[half].image(i);
      const samples = Uint8Array.from({ length: 3 * side * side }, (_, j) => planes[(j % 3) * side * side + Math.floor(j / 3)]);
      return [
        [`${half}/images/${i}.png`, png(samples, 2)],
        [`${half}/masks/${i}.png`, png(dataset[half].labels(i).slice(), 0)],
      ];
    }),
  );
  return folderOf([...files, ["classes.txt", classes.join("\n")]]);
}

const RUNS: Record<string, string | number>[] = [
  {},
  { decoder: "linear", queries: "patches", softmaxOver: "eq2", augment: "none" },
  { "segmenter.base": "logit", "segmenter.temperature": 2, "segmenter.lambda": 0.5 },
  { teacher: "none", optimizer: "sgd" },
  { criterion: "late-random", block: 1, keep: 0.3, "segmenter.beta": 2 },
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
  const words = ["every=1", "workers=0", `data=${maskFolder()}`];

  beforeAll(async () => {
    folder = folderOf(await handedOver({ batch: 4, steps: 4, evaluate: 4, augment: "light", "segmenter.base": "logit" }));
    const { status, text } = python(folder, ["train.py", ...words, "out=one"]);
    expect(text).toContain("student: the run's own, before its first step");
    expect(status).toBe(0);
  });

  test("has the same losses in two processes over gloo", () => {
    const { status, text } = inTwoProcesses(folder, 29521, [...words, "out=two"]);
    expect(text).toContain("the student after 4 steps");
    expect(status).toBe(0);
    const [one, two] = [logged(folder, "one"), logged(folder, "two")];
    for (const [i, row] of one.entries())
      for (const name of ["ce", "kd", "heldout_miou", "heldout_accuracy"])
        if (name in row) expect(Math.abs(two[i][name] - row[name]), `${name} of row ${i}`).toBeLessThan(1e-4);
  });

  test("what it trains comes back as a teacher here, with the score that is measured here", async () => {
    const score = logged(folder, "one").at(-1)?.heldout_miou as number;
    const network = await readNetwork(new Uint8Array(readFileSync(join(folder, "one/student.safetensors"))), "student.safetensors");
    expect([network.classes, network.score]).toEqual([dataset.classes, Number(score.toFixed(4))]);
    expect(await runtime.networks.measure(await testEngine(), network, dataset)).toBeCloseTo(score, 3);
  });

  test("masks tokens under the manifold loss too, at another size with a fresh student", () => {
    const other = ["segmenter.base=manifold", "width=24", "depth=3", "amp=bfloat16", "steps=2"];
    const { status, text } = python(folder, ["train.py", ...words, ...other, "out=fresh"]);
    expect(text).toContain("student: fresh");
    expect(status).toBe(0);
    expect(logged(folder, "fresh")[0].manifold).toBeGreaterThan(0);
  });
});
