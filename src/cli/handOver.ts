/** Writes a run's project in PyTorch into a folder. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { answersProject } from "../handover/answers";
import { type Project, project } from "../handover/project";
import type { AnyDataset } from "../tasks/task";
import type { Session, SessionOptions } from "../train/session";
import { writeWhole } from "./headless";

export async function handOver(options: Omit<SessionOptions, "settings" | "given" | "watch">, run: Session, folder: string): Promise<void> {
  write(await project(options, run), folder);
  console.error(`${folder}: a project in PyTorch. Repeat its first steps with: python3 ${join(folder, "verify.py")}`);
}

/** Writes the images, and the script that asks a teacher elsewhere about them. */
export function askElsewhere({ runtime }: Pick<SessionOptions, "runtime">, dataset: AnyDataset, folder: string): void {
  write(answersProject(runtime, dataset), folder);
  console.error(
    `${folder}: ${dataset.name} for a teacher elsewhere. Ask it with: python3 answers.py model=...; then teacher=answers.safetensors`,
  );
}

function write(files: Project, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) writeWhole(join(folder, name), bytes);
}
