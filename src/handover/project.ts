/**
 * Hands a run over to PyTorch: its networks, its settings, the batches and losses of its first steps, and a small project that
 * repeats those steps and trains on. A run is a function of its settings and its sources, so the first steps are simply made
 * again, with what each of them saw read back: images as augmentation left them.
 */
import type { Fetched } from "../engine/readback";
import { type Writable, writeSafetensors } from "../models/safetensors";
import { atStart, type Change } from "../settings/run";
import type { Value } from "../settings/setting";
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
 * with an EngineError where no project knows what it does.
 */
export async function project(options: Omit<SessionOptions, "settings" | "given" | "watch">, run: Session): Promise<Project> {
  // PyTorch repeats the first steps in f32: so they are made in f32, whatever the run's precision was.
  const settings = { ...atStart(run.settings, run.changes), precision: "f32" as const };
  const now = await handedOver(run);
  const { initial, seen, reports, measured } = await firstSteps({ ...options, settings, given: givenAtStart(run) });
  const { dataset, teacher } = run.sources;
  const facts = {
    ...{ format: 1, task: taskOf(settings.preset).name, settings, changes: run.changes, step: run.step },
    data: { id: dataset.id, name: dataset.name, train: dataset.train.count, test: dataset.test.count },
    ...{ ...(teacher && { teacherName: teacher.name }) },
    ...Object.fromEntries(Object.entries(now.networks).map(([role, { config }]) => [role, config])),
    ...now.facts,
    ...{ clip: run.task.optimizer.clip ?? null, limit: run.task.optimizer.limit ?? 1, measured, latest: latest(run, measured) },
    expected: reports.map(({ step, lr, losses }) => ({ step, lr, losses })),
  };
  const batches = seen.flatMap((one, step) => Object.entries(one).map(([name, tensor]): [string, Writable] => [`${step}.${name}`, tensor]));
  return new Map([
    ...templates(now.folders).map(([name, text]) => [name, bytesOf(text)] as const),
    ...Object.entries(now.networks).map(([role, { bytes }]) => [`${role}.safetensors`, bytes] as const),
    ...initial,
    ["batches.safetensors", writeSafetensors(new Map(batches))],
    ["run.json", bytesOf(`${JSON.stringify(facts, null, 1)}\n`)],
  ]);
}

interface First {
  /** Files of what learns, before the first step. */
  initial: [name: string, bytes: Uint8Array][];
  /** What each step saw. */
  seen: Record<string, Writable>[];
  reports: StepReport[];
  /** Settings that the task measured on the way: each acts from its step (from 0) on. */
  measured: Pick<Change, "step" | "key" | "to">[];
}

/** Roles of what learns. */
const LEARN = ["student", "modules"];

/** Makes the first steps of a run again. */
async function firstSteps(options: SessionOptions): Promise<First> {
  const outputs: Fetched[] = [];
  const session = Session.create({ ...options, watch: (one) => outputs.push(one) });
  try {
    const { networks, batch } = await handedOver(session);
    const reports: StepReport[] = [];
    while (reports.length < STEPS && !session.finished) reports.push(await session.advance());
    const initial = LEARN.flatMap((role): First["initial"] =>
      networks[role] ? [[`${role}_initial.safetensors`, networks[role].bytes]] : [],
    );
    const measured = session.changes.map(({ step, key, to }) => ({ step, key, to }));
    return { initial, seen: outputs.map(batch), reports, measured };
  } finally {
    session.destroy();
  }
}

/** Settings that a person gave before the first step: had nobody given them, they would have been measured before it. */
const givenAtStart = ({ given, changes }: Session) =>
  [...given].filter((key) => !changes.some((change) => change.key === key && change.step === 0));

/** What was measured, as the run has it now; before its first step as the repeated steps have it. */
function latest({ step, settings }: Session, measured: First["measured"]): Record<string, Value> {
  return Object.fromEntries(measured.map(({ key, to }) => [key, step > 0 ? settings[key] : to]));
}

async function handedOver(session: Session): Promise<HandedOver> {
  await session.learnBefore();
  return session.task.handedOver();
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
