/** Sounds handed over to PyTorch: the same first losses, the same spectrograms, and what is trained there comes back. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type SoundSet, spectrogram, toFloat } from "../data/sounds";
import { wavBytes } from "../data/wav.fixture";
import { readSafetensors } from "../models/safetensors";
import { testEngine } from "../ops/check";
import { runtime } from "../tasks/audio/runtime";
import { dataset, SETTINGS, teacher } from "../tasks/audio/task.fixture";
import { readNetwork } from "../tasks/vitNetwork";
import { Session } from "../train/session";
import { type Project, project } from "./project";
import { folderOf, hasTorch, inTwoProcesses, logged, python } from "./torch.fixture";

const sources = { dataset, teacher };

async function handedOver(changed: Record<string, string | number>): Promise<Project> {
  const options = { engine: await testEngine(), runtime, sources: changed.teacher === "none" ? { dataset } : sources };
  const session = Session.create({ ...options, settings: { ...SETTINGS, steps: 12, ...changed } });
  try {
    return await project(options, session);
  } finally {
    session.destroy();
  }
}

/** The sounds as WAV files in folders. */
function soundFolder({ classes, ...sounds }: SoundSet): string {
  const files = (["train", "test"] as const).flatMap((half) =>
    Array.from({ length: sounds[half].count }, (_, i): [string, Uint8Array] => {
      const path = `${half}/${classes[sounds[half].label(i)]}/${i}.wav`;
      return [path, wavBytes(toFloat(sounds[half].wave(i)))];
    }),
  );
  return folderOf(files);
}

const RUNS: Record<string, string | number>[] = [
  {},
  { teacher: "none", stride: 2 },
  { criterion: "teacher", queries: "patches", softmaxOver: "eq2", augment: "none" },
  { stride: 2, queries: "cls", criterion: "late-random", maskedBands: 5, maskedFrames: 6 },
  { masked: "student", base: "hard" },
];

describe.skipIf(!hasTorch)("PyTorch", { timeout: 300_000 }, () => {
  test.each(RUNS)("repeats the first ten losses of a run with %o", async (changed) => {
    const { status, text } = python(folderOf(await handedOver(changed)), ["verify.py"]);
    expect(text).toContain("the losses agree");
    expect(text).toContain("chosen otherwise: 0");
    expect(status).toBe(0);
  });

  test("hears the same spectrograms, trains on folders of sounds, in two processes with the same losses, and its student comes back", async () => {
    const folder = folderOf(await handedOver({ batch: 4, steps: 4, evaluate: 4 }));
    const sounds = soundFolder(dataset);
    const path = join(sounds, "test", dataset.classes[dataset.test.label(0)], "0.wav");
    const seen = `import data, tensors; tensors.save({"x": data.spectrogram(data.samples("${path}"), 8, 12)}, "seen.safetensors")`;
    expect(python(folder, ["-c", seen])).toEqual({ status: 0, text: "" });
    const { data } = readSafetensors(new Uint8Array(readFileSync(join(folder, "seen.safetensors")))).get("x")!;
    for (const [i, value] of spectrogram(dataset.test.wave(0), 8, 12).entries()) expect(data[i], `place ${i}`).toBeCloseTo(value, 4);

    const { status, text } = python(folder, ["train.py", `data=${sounds}`, "every=1", "workers=0", "out=one"]);
    expect(text).toContain("student: the run's own, before its first step");
    expect(status).toBe(0);
    const two = inTwoProcesses(folder, 29529, [`data=${sounds}`, "every=1", "workers=0", "out=two"]);
    expect(two.text).toContain("the student after 4 steps");
    expect(two.status).toBe(0);
    const again = logged(folder, "two");
    for (const [i, row] of logged(folder, "one").entries())
      for (const name of ["ce", "kd", "heldout_top1"])
        if (name in row) expect(Math.abs(again[i][name] - row[name]), `${name} of row ${i}`).toBeLessThan(1e-4);
    const score = logged(folder, "one").at(-1)?.heldout_top1 as number;
    const network = await readNetwork(new Uint8Array(readFileSync(join(folder, "one/student.safetensors"))), "student.safetensors");
    expect([network.config.family, network.config.columns]).toEqual(["ast", 12]);
    expect(await runtime.networks.measure(await testEngine(), network, dataset)).toBeCloseTo(score, 3);
    expect(python(folder, ["train.py", `data=${sounds}`, "frames=20", "stride=2", "steps=1", "teacher=none", "out=wide"]).text).toContain(
      "fresh",
    );
  });
});
