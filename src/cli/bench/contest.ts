/**
 * The contest: several engines run the same training step, in turn, in one process, and are measured alike.
 *
 * Taking turns (A, B, A, B, ...) spreads a machine's slow and fast moments over everybody, so that ratios hold on a
 * busy machine even where absolute times do not. This file runs unchanged in Node and in a browser page.
 */
import type { GroundTruth } from "../../geometry/boxes";
import type { DetectorConfig } from "../../models/detector/config";
import { activate, type Counts, counts, reset } from "./counters";
import { matmulFlops } from "./flops";
import type { Task } from "./tasks";

/** Named float32 tensors; the names are timm's for a ViT (`blocks.0.attn.qkv.weight`, ...). */
export type Weights = Map<string, { shape: number[]; data: Float32Array }>;

/** The input of every contestant. They may copy the weights, not change them. */
export interface Setup {
  task: Task;
  /** For the convolutions: `weight` [O, C / groups, 3, 3] and, where there is one group, `bias` [O]; for a detector as PyTorch has them. */
  student: Weights;
  teacher: Weights;
  /** Attention heads of student and teacher; they do not follow from the shapes of weights. */
  heads: [number, number];
  /** NCHW. For `matmul-512`: the two square factors one after the other. */
  images: Float32Array;
  /** `[B, C, H, W]`, or `[2, 512, 512]` for `matmul-512`. */
  imageShape: number[];
  labels: Int32Array;
  /** For `detector-step`: which one, and what is on each image. */
  detector?: { config: DetectorConfig; truths: GroundTruth[][] };
  /** Fraction of the patches shown to the teacher in `maskedkd-step`. */
  keep: number;
  seed: number;
}

/**
 * One engine. A step is a whole training step on the one batch of the setup: forward, loss, backward, Adam (lr 1e-3,
 * betas 0.9 and 0.999, eps 1e-8, no decay). For `matmul-512` it is one product; for a convolution (3x3, stride 1, padding 1, as
 * many channels out as in) the result, the gradients of input, weight and bias for the upstream gradient x, and a step of SGD.
 */
export interface Contestant {
  name: string;
  start(setup: Setup): Promise<Runner>;
}

export interface Runner {
  /** One step; resolves when the GPU has finished it. */
  step(): Promise<void>;
  /** Loss of the last step, before its update (`matmul-512`: mean square of the product; convolutions: of y plus that of dx, in a further step). */
  loss(): Promise<number>;
  stop(): void;
}

/** One line of results. */
export interface Row {
  engine: string;
  task: Task;
  host: "node" | "chromium";
  adapter: string;
  median_ms: number;
  images_per_s: number | null;
  gflops: number;
  loss: number;
  launches: number;
  submits: number;
  peak_buffer_mb: number;
  /** The first step, with everything it compiles. */
  first_step_ms: number;
}

/** Steps before measuring: the first compiles, the others let pools and caches settle. */
const WARM_UP = 3;

interface Lane {
  contestant: Contestant;
  runner: Runner;
  firstMs: number;
  times: number[];
  lastStep: Counts;
}

/** Runs the contest for one setup. `where` fills the columns that do not depend on the engine. */
export async function contest(
  setup: Setup,
  contestants: Contestant[],
  rounds: number,
  where: Pick<Row, "host" | "adapter">,
): Promise<Row[]> {
  const lanes: Lane[] = [];
  for (const contestant of contestants) lanes.push(await warmUp(contestant, setup));
  for (let round = 0; round < rounds; round++) for (const lane of lanes) lane.times.push(await timedStep(lane));
  const rows: Row[] = [];
  for (const lane of lanes) rows.push(await toRow(lane, setup, where));
  for (const lane of lanes) lane.runner.stop();
  return rows;
}

async function warmUp(contestant: Contestant, setup: Setup): Promise<Lane> {
  activate(contestant.name);
  const begin = performance.now();
  const runner = await contestant.start(setup);
  await runner.step();
  const lane: Lane = { contestant, runner, firstMs: performance.now() - begin, times: [], lastStep: counts(contestant.name) };
  for (let i = 1; i < WARM_UP; i++) await timedStep(lane);
  return lane;
}

async function timedStep(lane: Lane): Promise<number> {
  activate(lane.contestant.name);
  reset(lane.contestant.name);
  const begin = performance.now();
  await lane.runner.step();
  const ms = performance.now() - begin;
  lane.lastStep = counts(lane.contestant.name);
  return ms;
}

async function toRow(lane: Lane, setup: Setup, where: Pick<Row, "host" | "adapter">): Promise<Row> {
  const ms = median(lane.times);
  activate(lane.contestant.name);
  return {
    engine: lane.contestant.name,
    task: setup.task,
    ...where,
    median_ms: round(ms, 3),
    images_per_s: setup.task === "matmul-512" ? null : round((1000 * setup.imageShape[0]!) / ms, 2),
    gflops: round(matmulFlops(setup) / ms / 1e6, 2),
    loss: await lane.runner.loss(),
    launches: lane.lastStep.launches,
    submits: lane.lastStep.submits,
    peak_buffer_mb: round(lane.lastStep.peakBytes / 1e6, 1),
    first_step_ms: round(lane.firstMs, 0),
  };
}

/** Relative spread of the losses; engines that compute the same thing stay within about 1e-4. */
export function lossSpread(rows: Pick<Row, "loss">[]): number {
  const losses = rows.map((row) => row.loss);
  return (Math.max(...losses) - Math.min(...losses)) / Math.max(...losses.map(Math.abs), 1e-12);
}

/** What stands for the loss of a matrix product. */
export function meanSquare(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return sum / values.length;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
