/**
 * A distillation run without a browser: `npm run distill -- keep=0.5 criterion=student steps=500 seed=1 --json`.
 * The same session as in the page; settings are those of src/train/experiment.ts.
 */

import { isDetection } from "../settings/experiment";
import type { Classification } from "../tasks/classification/task";
import type { TeacherTime } from "../tasks/task";
import type { Session } from "../train/session";
import { distillDetector } from "./detection";
import { nodeEngine, readArguments, runToEnd } from "./headless";
import { openSubject, SUBJECT_KEYS } from "./subject";

export async function main(argv: string[]): Promise<number> {
  const given = readArguments(argv, [...SUBJECT_KEYS, "resume", "every", "kernels"]);
  const { settings, rest, json } = given;
  const every = Number(rest.every ?? 10);
  if (!Number.isInteger(every) || every < 1) {
    console.error(`every cannot be "${rest.every}". Use a whole number from 1.`);
    return 2;
  }
  if (isDetection(settings.preset)) return distillDetector(given, every);
  const print = (row: object) => console.log(json ? JSON.stringify(row) : Object.entries(row).flat().join(" "));
  const teacherTime = stopwatch();
  const engine = await nodeEngine(rest.kernels);
  const session = await runToEnd({
    session: { engine, subject: await openSubject(engine, rest, settings), settings },
    resume: rest.resume,
    every,
    log: async (r, { task }) =>
      print({
        ...{ step: r.step, ...mapped(r.losses), student_top1: r.rates.student, teacher_top1: r.rates.teacher },
        ...{ agreement: r.rates.agreement, images_per_s: Math.round(r.imagesPerSecond), step_ms: round(r.ms) },
        teacher_ms: rounded((await teacherTime(task))?.ms),
      }),
    evaluated: (step, { top1 }) => print({ step, heldout_top1: top1 }),
  });
  print({ final: true, ...(await outcome(session)) });
  return 0;
}

/** What came of a run: accuracy on all held-out images, and what the teacher costs. */
export async function outcome(session: Session<Classification>) {
  const { task, step, settings } = session;
  const cost = task.cost();
  let time: TeacherTime | undefined;
  for (let i = 0; i < FINAL_TIMES; i++) time = await task.teacherTime();
  return {
    ...{ steps: step, student_top1: (await session.evaluate()).top1, teacher_top1: await task.evaluateTeacher() },
    ...{ kept: cost?.kept, patches: cost?.patches, teacher_macs: cost?.macs, teacher_macs_full: cost?.fullMacs },
    ...{ teacher_ms: rounded(time?.ms), teacher_ms_full: rounded(time?.fullMs) },
    ...{ buffer_bytes: cost?.bufferBytes, seed: settings.seed },
  };
}

/** Times the teacher at most once in so many milliseconds: it runs beside the training it would slow down. */
const TIME_EVERY_MS = 3000;

/** The last line tells the median of so many times. */
const FINAL_TIMES = 9;

/** Tells the teacher's time, measured anew now and then. */
function stopwatch() {
  let known: TeacherTime | undefined;
  let at = Number.NEGATIVE_INFINITY;
  return async (task: Classification): Promise<TeacherTime | undefined> => {
    if (performance.now() - at < TIME_EVERY_MS) return known;
    known = await task.teacherTime();
    at = performance.now();
    return known;
  };
}

const mapped = (losses: Record<string, number>) => Object.fromEntries(Object.entries(losses).map(([name, x]) => [name, round(x)]));

const round = (x: number) => Math.round(1e4 * x) / 1e4;
const rounded = (x: number | undefined) => (x === undefined ? undefined : round(x));
