/** A teacher of another architecture, asked by the script in PyTorch, is the teacher of a student here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { testEngine } from "../ops/check";
import { SCHEMA, TASKS } from "../tasks";
import { areAnswers } from "../tasks/classification/answers";
import { runtime } from "../tasks/classification/runtime";
import { Session } from "../train/session";
import { answersProject } from "./answers";
import { folderOf, hasTorch, python } from "./torch.fixture";

const dataset = scenes({ side: 16, train: 12, test: 12, seed: 3 });

/** Answers with the sums of as many stripes of the normalised image as there are classes. */
const NET = `
import torch
class Stripes(torch.nn.Module):
    def forward(self, x):
        return torch.nn.functional.adaptive_avg_pool2d(x, (${dataset.classes.length}, 1)).sum((1, 3))
torch.jit.script(Stripes()).save("net.pt")
`;

describe.skipIf(!hasTorch)("answers.py", () => {
  test("answers every image, enlarged and normalised, with what the file has to say of them", async () => {
    const folder = folderOf([...answersProject(runtime as never, dataset), ["net.py", NET]]);
    expect(python(folder, ["net.py"]).text).toBe("");
    const asked = python(folder, ["answers.py", "model=net.pt", "side=32", "batch=5"]);
    expect(asked.text).toContain("open it as the teacher");
    const teacher = await runtime.networks.read(
      new Uint8Array(readFileSync(join(folder, "answers.safetensors"))),
      "answers.safetensors",
      {},
    );
    if (!areAnswers(teacher)) throw new Error("no answers");
    expect(() => runtime.networks.assertFits(teacher, dataset)).not.toThrow();
    expect(teacher).toMatchObject({ data: { id: dataset.id, name: "Scenes" }, classes: dataset.classes });
    // Enlarging keeps the mean of an image; so do stripes.
    const { mean, std } = dataset.moments;
    const image = dataset.train.image(4);
    const whole = [0, 1, 2].map((c) => image.subarray(256 * c, 256 * (c + 1)).reduce((sum, v) => sum + v, 0) / 256);
    const expected = whole.reduce((sum, v, c) => sum + (v / 255 - mean[c]) / std[c], 0);
    const classes = dataset.classes.length;
    const row = teacher.train.subarray(4 * classes, 5 * classes);
    expect(row.reduce((sum, v) => sum + v, 0) / classes).toBeCloseTo(expected, 1);
    const sizes = { width: 8, depth: 1, heads: 2, batch: 4, steps: 2, side: 16, augment: "none" };
    const settings = { ...SCHEMA.defaults(), ...sizes } as never;
    const session = Session.create({ engine: await testEngine(), runtime, sources: { dataset, teacher }, settings });
    expect((await session.advance()).losses.kd).toBeGreaterThan(0);
    session.destroy();
  });

  test("a network that knows other classes is told so, with what to do", () => {
    const folder = folderOf([...answersProject(runtime as never, dataset), ["net.py", NET.replace(/\(\d+, 1\)/, "(5, 1)")]]);
    python(folder, ["net.py"]);
    const { status, text } = python(folder, ["answers.py", "model=net.pt"]);
    expect([status, text]).toEqual([1, expect.stringMatching(/answers with 5 numbers; there are 12 classes\. Name the rows/)]);
    expect(python(folder, ["answers.py", "model=net.pt", "rows=0,1,2,3,4,0,1,2,3,4,0,1"]).status).toBe(0);
  });
});

test("tasks whose students learn from no saved answers say so", async () => {
  const wing = await TASKS.detection.runtime();
  expect(() => answersProject(wing, dataset)).toThrow(/Only classification of images/);
});
