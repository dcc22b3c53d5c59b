/** Writes a run's project in PyTorch into a folder. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { project } from "../handover/project";
import type { Session, SessionOptions } from "../train/session";
import { writeWhole } from "./headless";

export async function handOver(options: Omit<SessionOptions, "settings" | "given" | "watch">, run: Session, folder: string): Promise<void> {
  const files = await project(options, run);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) writeWhole(join(folder, name), bytes);
  console.error(`${folder}: a project in PyTorch. Repeat its first steps with: python3 ${join(folder, "verify.py")}`);
}
