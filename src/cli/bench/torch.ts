/** PyTorch on the CPU as a contestant, where it is installed: a Python process that makes a step for each line it is sent. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { writeSafetensors } from "../../models/safetensors";
import type { Contestant, Runner, Setup, Weights } from "./contest";
import { keptPatches, vitShape } from "./flops";
import { isVit, type Task } from "./tasks";

/** Debian's Python has Debian's packages, whichever comes first on the path. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/** PyTorch, for the tasks it takes part in; says why where it does not. */
export function torchFor(task: Task): Contestant[] {
  const absent = (why: string) => {
    console.error(`bench: PyTorch is left out: ${why}`);
    return [];
  };
  if (!isVit(task)) return absent(`it has no ${task}.`);
  const python = PYTHONS.find((path) => spawnSync(path, ["-c", "import torch"]).status === 0);
  return python ? [torch(python)] : absent("it is not installed (apt install python3-torch).");
}

const torch = (python: string): Contestant => ({
  name: "pytorch-cpu",
  async start(setup) {
    const folder = mkdtempSync(join(tmpdir(), "mdp-torch-"));
    const file = join(folder, "setup.safetensors");
    writeFileSync(file, setupFile(setup));
    return answering(python, file, () => rmSync(folder, { recursive: true }));
  },
});

function setupFile({ task, student, teacher, heads, keep, images, imageShape, labels }: Setup): Uint8Array {
  const named = (owner: string, weights: Weights): Weights => new Map([...weights].map(([name, tensor]) => [`${owner}.${name}`, tensor]));
  const tensors: Weights = new Map([...named("student", student), ...named("teacher", teacher)]);
  tensors.set("images", { shape: imageShape, data: images });
  tensors.set("labels", { shape: [labels.length], data: Float32Array.from(labels) });
  const kept = task === "vit-step" ? 0 : keptPatches({ task, keep }, vitShape(teacher).patches);
  return writeSafetensors(tensors, { heads: JSON.stringify(heads), kept: String(kept) });
}

function answering(python: string, file: string, ended: () => void): Runner {
  const child = spawn(python, [fileURLToPath(new URL("./torch_steps.py", import.meta.url)), file], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last = Number.NaN;
  return {
    async step() {
      child.stdin.write("step\n");
      const { value, done } = await lines.next();
      if (done) throw new Error("PyTorch ended before its time");
      last = Number(value);
    },
    loss: async () => last,
    stop() {
      child.stdin.end();
      ended();
    },
  };
}
