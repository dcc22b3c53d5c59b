/**
 * What the benchmark's masked distillation costs besides its median: `npm run costs [-- --json]`.
 *
 *   replay_host_ms   the page's own work to queue one step
 *   retrace_ms       another number of patches: recorded and compiled again (median over all k, and the slowest)
 *   teacher_ms       GPU time of the teacher alone by share of patches, and the saving against all of them
 *   slowest_kernels  share of one step's GPU time (timestamps round every launch)
 *
 * Exit status 1 when a change of k or the host's work misses its limit, or half of the patches save less than 1.9-fold.
 */
import { type Engine, openEngine } from "../../engine/device";
import type { Program } from "../../engine/program";
import { Params } from "../../models/params";
import { inferViT } from "../../models/vit/names";
import type { Weights } from "../../models/weights";
import { asked } from "../../tasks/classification/cost";
import { softLabels } from "../../tasks/classification/softLabels";
import { type Model, traceLosses } from "../../tasks/classification/step";
import { TeacherClock, type Timing } from "../../tasks/teacherClock";
import { Optimizer } from "../../train/optimizer";
import { compileStep } from "../../train/step";
import { median, type Setup } from "./contest";
import { makeSetup } from "./defaults";
import { offerGPU } from "./navigator.node";

const LIMITS = { retrace_ms: 100, replay_host_ms: 1, half_saving: 1.9 };
const ROUNDS = 15;

export async function main(argv: string[]): Promise<number> {
  const engine = await openEngine(await offerGPU());
  const setup = makeSetup({
    task: "maskedkd-step",
    host: "node",
    rounds: 1,
    heads: [4, 4],
    keep: 0.5,
    seed: 0,
    peer: false,
    json: false,
    files: {},
  });
  const step = recorder(engine, setup);
  const { program } = await step(32);
  await program.time();
  const costs = {
    adapter: engine.facts.name,
    replay_host_ms: await hostTime(engine, program),
    slowest_kernels: await slowest(program),
    ...(await retraces(step)),
    teacher_ms: await teacherTimes(engine, setup),
  };
  const [all, , half] = Object.values(costs.teacher_ms);
  const result = { ...costs, half_saving: round(all / half) };
  console.log(argv.includes("--json") ? JSON.stringify(result) : result);
  const { retrace_ms, replay_host_ms, half_saving } = LIMITS;
  return result.retrace_ms < retrace_ms && result.replay_host_ms < replay_host_ms && result.half_saving >= half_saving ? 0 : 1;
}

const round = (x: number) => Math.round(100 * x) / 100;

function load(engine: Engine, weights: Weights): Model {
  return { params: new Params(engine, weights), config: inferViT(weights, 4) };
}

/** A function that records and compiles the step for some k. */
function recorder(engine: Engine, setup: Setup) {
  const [student, teacher] = [load(engine, setup.student), load(engine, setup.teacher)];
  const optimizer = new Optimizer(student.params, { kind: "adamw" });
  const { images, labels } = setup;
  const batch = { size: labels.length, images: engine.takeBuffer(images.byteLength), labels: engine.takeBuffer(labels.byteLength) };
  return async (k: number) => {
    const started = performance.now();
    const distillation = softLabels(teacher, { k });
    const program = await compileStep(engine, (graph) => traceLosses(graph, { student, batch, distillation }), optimizer);
    return { program, ms: performance.now() - started };
  };
}

async function retraces(step: ReturnType<typeof recorder>) {
  const times: number[] = [];
  for (let k = 64; k >= 1; k--) {
    const { program, ms } = await step(k);
    program.dispose();
    times.push(ms);
  }
  return { retrace_ms: round(median(times)), slowest_retrace_ms: round(Math.max(...times)) };
}

async function hostTime({ device }: Engine, program: Program): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const started = performance.now();
    program.run();
    times.push(performance.now() - started);
    await device.queue.onSubmittedWorkDone();
  }
  return round(median(times));
}

async function slowest(program: Program): Promise<Record<string, string>> {
  const sums = new Map<string, number>();
  for (const { label, ms } of (await program.profile()) ?? []) sums.set(label, (sums.get(label) ?? 0) + ms);
  const total = [...sums.values()].reduce((a, b) => a + b, 0);
  const first = [...sums].sort((a, b) => b[1] - a[1]).slice(0, 4);
  return Object.fromEntries(first.map(([label, ms]) => [label, `${Math.round((100 * ms) / total)} %`]));
}

/** GPU milliseconds of the teacher's forward pass on all, 75, 50 and 25 % of the patches, in turns. */
async function teacherTimes(engine: Engine, setup: Setup): Promise<Record<string, number>> {
  const clock = new TeacherClock(engine, asked(load(engine, setup.teacher), setup.imageShape[0]));
  const shares = [100, 75, 50, 25];
  const ks = shares.map((share) => (64 * share) / 100);
  let times: Timing[] = [];
  for (let i = 0; i < ROUNDS; i++) times = await clock.measure(ks);
  clock.destroy();
  return Object.fromEntries(shares.map((share, i) => [`${share} %`, round(times[i].ms)]));
}
