/** What `distill` and `train` do under the presets of detection: the same session, other data and other scores. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { EngineError } from "../engine/errors";
import { ERROR_CURVES, type ErrorAnalysis, type ErrorCurves } from "../metrics/errors";
import type { Settings } from "../settings/experiment";
import { type DetectorNetwork, readDetector, writeDetector } from "../tasks/detection/network";
import { type DetectionTask, detection } from "../tasks/detection/task";
import type { Scores, Subject } from "../tasks/task";
import type { Session, StepReport } from "../train/session";
import { type Arguments, nodeEngine, openDetectionData, runToEnd, writeWhole } from "./headless";

const TEACHER = "public/teacher-detector.safetensors";

async function loadDetector(path: string): Promise<DetectorNetwork> {
  if (!existsSync(path)) throw new EngineError(`There is no file ${path}.`, "Train one with: npm run train -- preset=samkd out=FILE");
  return readDetector(new Uint8Array(readFileSync(path)), basename(path));
}

/** A detector learns from a teacher and ground truth; the last line has `final: true`, COCO's scores and, as JSON, what errors cost. */
export async function distillDetector({ settings, rest, json }: Arguments, every: number): Promise<number> {
  const print = printer(json);
  const session = await runToEnd({
    session: { engine: await nodeEngine(rest.kernels), subject: await openDetectionSubject(rest, settings), settings },
    resume: rest.resume,
    every,
    log: (report) => print(line(report)),
    evaluated: (step, scores) => print({ step, ...rounded(scores) }),
  });
  for (const { key, to } of session.changes) print({ set: key, to });
  print({ final: true, ...(await detectionOutcome(session)), ...(json && { errors: await errorAreas(session) }) });
  return 0;
}

/** Opens data and teacher ("none" for none). */
export async function openDetectionSubject(rest: Record<string, string>, { side }: Settings): Promise<Subject<DetectionTask>> {
  const dataset = await openDetectionData(rest.data ?? "scenes", side);
  const teacher = rest.teacher === "none" ? undefined : await loadDetector(rest.teacher ?? TEACHER);
  return detection({ dataset, teacher });
}

/** What came of a run: COCO's scores on all held-out images. */
export async function detectionOutcome(session: Session<DetectionTask>): Promise<object> {
  const { preset, seed } = session.settings;
  return { steps: session.step, ...rounded(await session.evaluate()), preset, seed };
}

/** The areas below the seven curves of the error analysis, for student and teacher: mean over the classes, and of each. */
async function errorAreas({ task }: Session<DetectionTask>): Promise<object> {
  const { classes, student, teacher } = await task.errors(await task.weights());
  return { student: areasOf(student, classes), ...(teacher && { teacher: areasOf(teacher, classes) }) };
}

function areasOf({ overall, perClass }: ErrorAnalysis, classes: readonly string[]): object {
  const named = ({ areas }: ErrorCurves) => rounded(Object.fromEntries(ERROR_CURVES.map((name, i) => [name, areas[i]])));
  const each = perClass.flatMap((one, i) => (one ? [[classes[i], named(one)] as const] : []));
  return { overall: named(overall), classes: Object.fromEntries(each) };
}

/** A detector learns from ground truth alone and is written to `out`; a run that was cut short goes on. */
export async function trainDetector({ settings, rest, json }: Arguments): Promise<number> {
  const dataset = await openDetectionData(rest.data ?? "scenes", settings.side);
  const print = printer(json);
  const resume = `${rest.out}.run`;
  const session = await runToEnd({
    session: { engine: await nodeEngine(rest.kernels), subject: detection({ dataset }), settings },
    resume,
    every: 50,
    log: (report) => print(line(report)),
    evaluated: (step, scores) => print({ step, ...rounded(scores) }),
  });
  const scores = await session.evaluate();
  const { config } = session.task;
  writeWhole(rest.out, writeDetector({ weights: await session.task.weights(), config, map: scores.map }, dataset));
  rmSync(resume, { force: true });
  print({ final: true, ...rounded(scores), steps: session.step, out: rest.out });
  return 0;
}

function line({ step, losses, imagesPerSecond, ms }: StepReport): object {
  return { step, ...rounded(losses), images_per_s: Math.round(imagesPerSecond), step_ms: Math.round(10 * ms) / 10 };
}

function printer(json: boolean): (row: object) => void {
  return (row) => console.log(json ? JSON.stringify(row) : Object.entries(row).flat().join(" "));
}

function rounded(values: Scores): Scores {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.round(1e4 * value) / 1e4]));
}
