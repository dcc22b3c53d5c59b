/**
 * A distillation run without a browser: `npm run distill -- keep=0.5 criterion=student steps=500 seed=1 --json`.
 * The same session as in the page, with the same settings (`src/tasks`).
 */
import { assertOnnx, onnxOf } from "../tasks/onnxOf";
import type { Task } from "../tasks/task";
import type { BeforehandReport } from "../train/beforehand";
import type { RunMemory } from "../train/session";
import { sized } from "../worker/sources";
import { printer, readArguments, rounded } from "./arguments";
import { askElsewhere, handOver } from "./handOver";
import { nodeEngine, rowOf, runToEnd, savedRun, testRow, writeWhole } from "./headless";
import { openData, openSources, openWing, SOURCE_KEYS, usualData, type Wing } from "./sources";

export async function main(argv: string[]): Promise<number> {
  const { rest, json, ...words } = readArguments(argv, [
    ...SOURCE_KEYS,
    "resume",
    "every",
    "kernels",
    "handover",
    "onnx",
    "out",
    "answers",
  ]);
  const every = Number(rest.every ?? 10);
  if (!Number.isInteger(every) || every < 1) {
    console.error(`every cannot be "${rest.every}". Use a whole number from 1.`);
    return 2;
  }
  const saved = await savedRun(rest.resume);
  // A saved run goes on as it was.
  const { settings, given } = saved?.checkpoint ?? words;
  const print = printer(json);
  const teacherTime = stopwatch();
  const [engine, wing] = [await nodeEngine(rest.kernels), await openWing(settings)];
  if (rest.answers) {
    askElsewhere(wing, await openData(wing, rest.data ?? usualData(wing), settings.side), rest.answers);
    return 0;
  }
  if (rest.onnx) assertOnnx(wing.runtime);
  for (const file of [rest.onnx, rest.out]) if (file) writeWhole(file, new Uint8Array()); // fails now, not after hours, if it cannot be written
  const sources = await openSources(engine, wing, rest, settings, saved?.checkpoint.dataset.id);
  const options = { engine, runtime: wing.runtime, sources };
  const beforehand = ({ label, step, steps, losses }: BeforehandReport) => {
    if (step % every === 0 || step === 1 || step === steps) print(rounded({ beforehand: label, step, of: steps, ...losses }));
  };
  const session = await runToEnd({
    begun: (run) => console.error(inWords(run.plan())),
    session: { ...options, settings: sized(wing, settings, sources.start), given: [...given], beforehand },
    resume: rest.resume,
    every,
    log: async (report, { task }) => {
      const teacher_ms = report.known && task.cost() ? 0 : await teacherTime(task);
      print(rounded({ ...rowOf(report, wing.definition), teacher_ms }));
    },
    evaluated: (step, scores) => print(rounded(testRow(step, scores))),
  });
  for (const { key, to } of session.changes) print({ set: key, to });
  if (rest.handover) await handOver(options, session, rest.handover);
  if (rest.onnx) writeWhole(rest.onnx, await onnxOf(wing.runtime, session.task, sources.dataset));
  const outcome = await session.outcome({ whole: json });
  if (rest.out) writeWhole(rest.out, await wing.runtime.networks.write(session.task, sources.dataset, scoreOf(outcome, wing)));
  print(
    rounded({
      final: true,
      steps: session.step,
      ...outcome,
      preset: settings.preset,
      seed: settings.seed,
    }),
  );
  return 0;
}

/** The score that counts, if it was measured. */
function scoreOf(outcome: Record<string, unknown>, { definition: { metric } }: Wing): number | undefined {
  const score = outcome[metric] ?? outcome[`student_${metric}`];
  return typeof score === "number" ? score : undefined;
}

/** What a run takes of the GPU's memory, for people. */
function inWords({ parameters, moments, gradients, activations, others, total, batch, fits }: RunMemory): string {
  const parts = Object.entries({ parameters, moments, gradients, activations, others }).map(([part, bytes]) => `${part} ${mb(bytes)}`);
  const limit = fits < batch ? ` A batch of ${batch} does not fit; ${fits} does.` : "";
  return `Memory: ${parts.join(", ")}, in all ${mb(total)} MB.${limit}`;
}

const mb = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Times the teacher at most once in so many milliseconds: it runs beside the training it would slow down. */
const TIME_EVERY_MS = 3000;

/** Returns the teacher's GPU time, measured again every few seconds. */
function stopwatch() {
  let known: number | undefined;
  let at = Number.NEGATIVE_INFINITY;
  return async (task: Task): Promise<number | undefined> => {
    if (performance.now() - at < TIME_EVERY_MS) return known;
    known = (await task.teacherTime?.())?.ms;
    at = performance.now();
    return known;
  };
}
