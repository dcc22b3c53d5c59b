/**
 * A distillation run without a browser: `npm run distill -- keep=0.5 criterion=student steps=500 seed=1 --json`.
 * The same session as in the page; settings are those of src/train/experiment.ts.
 */
import { classification } from "../train/classification";
import { loadNetwork, nodeEngine, openData, readArguments, runToEnd } from "./headless";

const TEACHER = "public/teacher-scenes.safetensors";

export async function main(argv: string[]): Promise<number> {
  const { settings, rest, json } = readArguments(argv, ["data", "teacher", "resume", "every", "kernels"]);
  const every = Number(rest.every ?? 10);
  if (!Number.isInteger(every) || every < 1) {
    console.error(`every cannot be "${rest.every}". Use a whole number from 1.`);
    return 2;
  }
  const dataset = await openData(rest.data ?? "scenes");
  const teacher = rest.teacher === "none" ? undefined : await loadNetwork(rest.teacher ?? TEACHER);
  const print = (row: object) => console.log(json ? JSON.stringify(row) : Object.entries(row).flat().join(" "));
  const session = await runToEnd({
    session: { engine: await nodeEngine(rest.kernels), subject: classification({ dataset, teacher }), settings },
    resume: rest.resume,
    every,
    log: (r) =>
      print({
        ...{ step: r.step, ...mapped(r.losses), student_top1: r.rates.student, teacher_top1: r.rates.teacher },
        ...{ agreement: r.rates.agreement, images_per_s: Math.round(r.imagesPerSecond), step_ms: round(r.ms) },
      }),
    evaluated: (step, { top1 }) => print({ step, heldout_top1: top1 }),
  });
  const cost = session.task.cost();
  print({
    ...{ final: true, steps: session.step, student_top1: (await session.evaluate()).top1, kept: cost?.kept, patches: cost?.patches },
    ...{ teacher_macs: cost?.macs, teacher_macs_full: cost?.fullMacs, buffer_bytes: cost?.bufferBytes, seed: settings.seed },
  });
  return 0;
}

const mapped = (losses: Record<string, number>) => Object.fromEntries(Object.entries(losses).map(([name, x]) => [name, round(x)]));

const round = (x: number) => Math.round(1e4 * x) / 1e4;
