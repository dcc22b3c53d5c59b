/** What the commands share: an engine on this machine, and the loop that runs a session to its end, saves and resumes. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Engine, openEngine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { override, type TuneStore, tune } from "../ops/tune";
import type { TaskDefinition } from "../tasks/definition";
import type { Scores } from "../tasks/task";
import { type Bundle, opened, sealed } from "../train/bundle";
import { train } from "../train/loop";
import { Session, type SessionOptions, type StepReport } from "../train/session";
import { nodeGPU } from "./device.node";

/** Where measured kernel choices are kept, by adapter. */
const TUNED = ".cache/kernels.json";

export const tunedStore: TuneStore = {
  get: (key) => tuned()[key],
  set(key, value) {
    mkdirSync(dirname(TUNED), { recursive: true });
    writeFileSync(TUNED, JSON.stringify({ ...tuned(), [key]: value }));
  },
};

/** What was measured before; nothing when the file is absent or unreadable. */
function tuned(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(TUNED, "utf8"));
  } catch {
    return {};
  }
}

/** An engine on this machine's adapter. A GPU's kernels are chosen by measurement, once; `kernels` overrides them. */
export async function nodeEngine(kernels?: string): Promise<Engine> {
  const engine = await openEngine(await nodeGPU());
  if (!engine.facts.software) await tune(engine, tunedStore);
  if (kernels) override(engine, kernels);
  return engine;
}

export interface RunToEnd {
  session: SessionOptions;
  /** Saves here now and then, and continues from it when it exists. */
  resume?: string;
  /** Called before the first step. */
  begun?(session: Session): void;
  /** Called after every `every` steps. */
  every?: number;
  log?(report: StepReport, session: Session): void | Promise<void>;
  /** Receives the scores on held-out data every `settings.evaluate` steps; without it there are no tests. */
  evaluated?(step: number, scores: Scores, session: Session): void | Promise<void>;
  /** Held-out images in such a test. */
  tested?: number;
}

const SAVE_EVERY_MS = 60_000;

/** A saved run, verified; undefined where there is no such file yet. Rejects with an EngineError that says what is wrong with it. */
export async function savedRun(path?: string): Promise<(Bundle & { bytes: Uint8Array }) | undefined> {
  if (!path || !existsSync(path)) return undefined;
  const bytes = new Uint8Array(readFileSync(path));
  return { bytes, ...(await opened(bytes, path)) };
}

/** Runs a session to its end and returns it. */
export async function runToEnd({ session: options, resume, begun, every = 1, log, evaluated, tested = 1000 }: RunToEnd): Promise<Session> {
  const saved = await savedRun(resume);
  const session = saved ? Session.restore(options, saved.bytes) : Session.create(options);
  begun?.(session);
  let savedAt = performance.now();
  await train(session, {
    async stepped(report) {
      if (report.step % every === 0 || session.finished) await log?.(report, session);
    },
    tests: evaluated && { limit: tested, notLast: true, told: (step, scores) => evaluated(step, scores, session) },
    async between() {
      if (!resume || performance.now() - savedAt < SAVE_EVERY_MS) return;
      writeWhole(resume, await sealed(await session.save(), options.engine.facts.name, saved?.history));
      savedAt = performance.now();
    },
  });
  return session;
}

/** A step as a row: losses, rates, the loss scale where precision is mixed, speed. */
export function rowOf({ step, losses, rates, scaled, imagesPerSecond, ms }: StepReport, { rateNames = {} }: TaskDefinition): object {
  const named = Object.entries(rates).map(([name, rate]) => [rateNames[name] ?? name, rate]);
  const scale = scaled && { loss_scale: scaled.scale, skipped: scaled.skipped };
  return { step, ...losses, ...Object.fromEntries(named), ...scale, images_per_s: Math.round(imagesPerSecond), step_ms: ms };
}

/** Scores on held-out data as a row. */
export function testRow(step: number, scores: Scores): object {
  return { step, ...Object.fromEntries(Object.entries(scores).map(([name, score]) => [`heldout_${name}`, score])) };
}

/** Writes a file so that a reader never sees half of it. Throws an EngineError when the place cannot be written. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
  } catch (error) {
    throw new EngineError(`Cannot write ${path}: ${(error as Error).message}.`, "Choose another place.");
  }
}
