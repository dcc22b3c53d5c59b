/** PyTorch on this machine, for tests of projects that are handed over to it. Where there is none, those tests skip and say so. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dataset } from "../data/dataset";
import { pngBytes } from "../data/png.fixture";
import type { Project } from "./project";

const PYTHON = process.env.MDP_PYTHON ?? "/usr/bin/python3";

const imports = (names: string) => spawnSync(PYTHON, ["-c", `import ${names}`]).status === 0;

/** Whether there is PyTorch: `describe.skipIf(!hasTorch)`. */
export const hasTorch = imports("torch");
/** And Pillow, which reads pictures. */
export const hasPillow = hasTorch && imports("PIL");
const missing = [...(hasTorch ? [] : ["torch"]), ...(hasTorch && !hasPillow ? ["PIL"] : [])];
if (missing.length)
  console.warn(
    `\n*** SKIPPED: ${PYTHON} has no ${missing}. Debian: apt-get install python3-torch python3-pil; or name another Python by MDP_PYTHON. ***\n`,
  );

/** A fresh folder with these files. */
export function folderOf(files: Iterable<[string, string | Uint8Array]>): string {
  const folder = mkdtempSync(join(tmpdir(), "handover-"));
  for (const [name, content] of files) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** A fresh folder with the data as an ImageFolder of PNG files. */
export function imageFolder(dataset: Dataset): string {
  const { side, classes } = dataset;
  const files = (["train", "test"] as const).flatMap((half) =>
    Array.from({ length: dataset[half].count }, (_, i): [string, Uint8Array] => {
      const planes = dataset[half].image(i);
      const samples = Uint8Array.from({ length: 3 * side * side }, (_, j) => planes[(j % 3) * side * side + Math.floor(j / 3)]);
      return [`${half}/${classes[dataset[half].label(i)]}/${i}.png`, pngBytes({ width: side, height: side, depth: 8, colour: 2, samples })];
    }),
  );
  return folderOf(files);
}

/** One thread each: other tests run beside. */
const env = { ...process.env, OMP_NUM_THREADS: "1", PYTHONDONTWRITEBYTECODE: "1" };

/** Of two processes one waits for the other without end where that is gone; nothing here takes a tenth of this. */
const LONGEST_MS = 600_000;

/** Runs a program of a project's folder, such as `verify.py`, in Python or with other words before it. A status of null: it was ended. */
export function python(folder: string, words: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(PYTHON, words, {
    cwd: folder,
    env,
    encoding: "utf8",
    timeout: LONGEST_MS,
    killSignal: "SIGKILL",
  });
  return { status, text: stdout + stderr };
}

/** A row of a training's log. */
interface Row {
  step: number;
  [name: string]: number;
}

/** The rows that a training of a project's folder wrote to its log, without the first, which says what it is of. */
export function logged(folder: string, out: string): Row[] {
  const lines = readFileSync(join(folder, out, "log.jsonl"), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line)).filter(({ step }) => step !== undefined);
}

/** Changes a project's `run.json`. */
export function altered(files: Project, change: (run: { expected: { losses: Record<string, number> }[] }) => void): Project {
  const run = JSON.parse(new TextDecoder().decode(files.get("run.json")));
  change(run);
  return new Map([...files, ["run.json", new TextEncoder().encode(JSON.stringify(run))]]);
}

/** Trains as `python` does, in two processes that talk over gloo by this port of the machine; every test file has a port of its own. */
export const inTwoProcesses = (folder: string, port: number, words: string[]): ReturnType<typeof python> =>
  python(folder, [
    // Python 3.11 does not take the default of these two in PyTorch 1.13.
    ...["-m", "torch.distributed.run", "--redirects=1", "--tee=1"],
    ...["--nproc_per_node=2", `--master_port=${port}`, "train.py", ...words],
  ]);
