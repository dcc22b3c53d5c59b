/**
 * Hands a run over to PyTorch: its networks, its settings, the batches and losses of its first steps, and a small project that
 * repeats those steps and trains on. A run is a function of its settings and its sources, so the first steps are simply made
 * again, with what each of them saw read back: images as augmentation left them.
 */
import { EngineError } from "../engine/errors";
import type { Fetched } from "../engine/readback";
import { type Writable, writeSafetensors } from "../models/safetensors";
import { atStart, type Settings } from "../settings/run";
import { taskOf } from "../tasks";
import type { HandedOver } from "../tasks/task";
import { Session, type SessionOptions, type StepReport } from "../train/session";
import { templates } from "./templates";

/** Files by name. */
export type Project = Map<string, Uint8Array>;

/** First steps that can be repeated. */
const STEPS = 10;

/**
 * The project of a run. `options` are those it was made with; of the settings it began with the first steps are made again. Rejects
 * with an EngineError where its task has no project.
 */
export async function project(options: Omit<SessionOptions, "settings" | "watch">, run: Session): Promise<Project> {
  const settings = atStart(run.settings, run.changes);
  const now = await handedOver(run);
  const { initial, seen, reports } = await firstSteps({ ...options, settings });
  const { dataset, teacher } = run.sources;
  const facts = {
    ...{ format: 1, task: taskOf(settings.preset).name, settings, changes: run.changes, step: run.step },
    data: { id: dataset.id, name: dataset.name, train: dataset.train.count, test: dataset.test.count },
    ...{ ...(teacher && { teacherName: teacher.name }) },
    ...Object.fromEntries(Object.entries(now.networks).map(([role, { config }]) => [role, config])),
    ...now.facts,
    expected: reports.map(({ step, lr, losses }) => ({ step, lr, losses })),
  };
  const batches = seen.flatMap((one, step) => Object.entries(one).map(([name, tensor]): [string, Writable] => [`${step}.${name}`, tensor]));
  return new Map([
    ...templates(now.folder).map(([name, text]) => [name, bytesOf(text)] as const),
    ...Object.entries(now.networks).map(([role, { bytes }]) => [`${role}.safetensors`, bytes] as const),
    ["student_initial.safetensors", initial],
    ["batches.safetensors", writeSafetensors(new Map(batches))],
    ["run.json", bytesOf(`${JSON.stringify(facts, null, 1)}\n`)],
  ]);
}

interface First {
  /** The student's file before its first step. */
  initial: Uint8Array;
  /** What each step saw. */
  seen: Record<string, Writable>[];
  reports: StepReport[];
}

/** Makes the first steps of a run again. */
async function firstSteps(options: SessionOptions): Promise<First> {
  const outputs: Fetched[] = [];
  const session = Session.create({ ...options, watch: (one) => outputs.push(one) });
  try {
    const { networks, batch } = await handedOver(session);
    const reports: StepReport[] = [];
    while (reports.length < STEPS && !session.finished) reports.push(await session.advance());
    return { initial: networks.student.bytes, seen: outputs.map(batch), reports };
  } finally {
    session.destroy();
  }
}

async function handedOver({ task, settings }: Session): Promise<HandedOver> {
  assertHandedOver(settings);
  return (task.handedOver as () => Promise<HandedOver>)();
}

/** Throws an EngineError where there is no project for a run of these settings. */
export function assertHandedOver({ preset }: Settings): void {
  if (!taskOf(preset).handsOver) throw new EngineError(`There is no PyTorch project for preset=${preset} yet.`, "Leave handover= out.");
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
