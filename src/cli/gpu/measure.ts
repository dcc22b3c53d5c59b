/** How fast an adapter is: its own matrix product by size, kernels of a step, and steps of networks from small to real. */
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import type { Graph } from "../../engine/graph";
import { planMemory } from "../../engine/memory";
import { type DetectorConfig, smallDetector } from "../../models/detector/config";
import { initDetector } from "../../models/detector/init";
import { matmul } from "../../ops/linear";
import { Stopwatch } from "../../ops/timing";
import { inWords } from "../../ops/tune";
import { type Choice, choice, choose } from "../../ops/variants";
import { plainViT, STANDARD, type StandardOptions, standardStep, type Workload, workload } from "../../tasks/standardStep";
import { Optimizer } from "../../train/optimizer";
import { compileStep, recordStep } from "../../train/step";
import { stepSpeed } from "../../train/verifyAdapter";
import { detectorStep } from "../bench/ours.detector";

/** A product of two square matrices. */
export interface RoofPoint {
  size: number;
  ms: number;
  gflops: number;
}

/** The launches of one kind of a step. */
export interface KernelShare {
  kernel: string;
  launches: number;
  ms: number;
}

/** A step of a network. */
export interface ScalePoint {
  network: string;
  batch: number;
  /** Megabytes of the largest buffer, and of all that the step takes besides parameters and their moments. */
  largest_mb: number;
  step_mb: number;
  gflop: number;
  ms?: number;
  images_per_s?: number;
  gflops?: number;
  /** Images per second with the variants that are guessed, where others were measured to be faster. */
  untuned_images_per_s?: number;
  /** Why it was not run. */
  skipped?: string;
}

const SIZES = { gpu: [256, 512, 1024, 2048, 4096], software: [128, 256, 512] };

export async function roofline(engine: Engine): Promise<RoofPoint[]> {
  const points: RoofPoint[] = [];
  for (const size of engine.facts.software ? SIZES.software : SIZES.gpu) {
    const watch = await Stopwatch.of(engine, (_, input) => matmul(input([size, size]), input([size, size])));
    await watch.measure();
    const ms = Math.min(await watch.measure(), await watch.measure());
    watch.dispose();
    points.push({ size, ms, gflops: (2 * size ** 3) / ms / 1e6 });
  }
  return points;
}

/** The kernels of the standard step by their share of its time; none without timestamps. */
export async function kernelShares(engine: Engine): Promise<KernelShare[]> {
  const step = standardStep(engine, STANDARD);
  const optimizer = new Optimizer(step.params, { kind: "adamw" });
  const program = await compileStep(engine, (graph) => step.trace(graph), optimizer);
  await program.time();
  const shares = new Map<string, KernelShare>();
  for (const { label, ms } of (await program.profile()) ?? []) {
    const share = shares.get(label) ?? { kernel: label, launches: 0, ms: 0 };
    shares.set(label, { ...share, launches: share.launches + 1, ms: share.ms + ms });
  }
  program.dispose();
  optimizer.destroy();
  step.destroy();
  return [...shares.values()].sort((a, b) => b.ms - a.ms);
}

const small = (width: number, depth: number) => plainViT({ image: 32, patch: 4, classes: 10, width, depth, heads: 4 });
const deit = (width: number) => plainViT({ image: 224, patch: 16, classes: 1000, width, depth: 12 });

/** From a step that every adapter takes in a moment to those of the papers. */
export const NETWORKS: Readonly<Record<string, StandardOptions>> = {
  "ViT 16/1": { student: small(16, 1), batch: 8 },
  "ViT 64/4": { student: small(64, 4), batch: 32 },
  "ViT 128/6": { student: small(128, 6), batch: 32 },
  "ViT 64/4 from 128/6, 50 %": STANDARD,
  "DeiT-Ti": { student: deit(192), batch: 64 },
  "DeiT-Ti from DeiT-S, 50 %, batch 64": { student: deit(192), teacher: deit(384), batch: 64, keep: 98 },
  "DeiT-Ti from DeiT-S, 50 %": { student: deit(192), teacher: deit(384), batch: 128, keep: 98 },
  "DeiT-Ti from DeiT-S, 50 %, recomputed": { student: deit(192), teacher: deit(384), batch: 128, keep: 98, recompute: true },
  "DeiT-Ti from DeiT-S, 100 %": { student: deit(192), teacher: deit(384), batch: 128 },
};

const gfl = (image: number, sizes: Partial<DetectorConfig>): DetectorConfig => ({
  ...smallDetector("gfl", "student", 20, image),
  ...sizes,
});

/** Detectors alone: of the page's usual size, of its recipe for GPUs, and of the papers' sizes. */
const DETECTORS: Readonly<Record<string, Workload>> = {
  "GFL, 128 px": detectorOf(gfl(128, {})),
  "GFL, 320 px": detectorOf(gfl(320, { blocks: [2, 2, 2, 2], width: 32, channels: 128, stacked: 2 })),
  "GFL on ResNet-18, 512 px": detectorOf(
    gfl(512, { blocks: [2, 2, 2, 2], width: 64, stem: 7, channels: 256, stacked: 4, levels: 5, anchor: 8, regMax: 16 }),
  ),
};

/** Its step on eight made-up images with an object each. */
function detectorOf(config: DetectorConfig): Workload {
  const batch = 8;
  const side = config.image;
  const object = (i: number) => ({ category: i, box: [side / 8, side / 4, side / 2, (side * (i + 4)) / (batch + 4)] as const });
  const images = () => Float32Array.from({ length: 3 * batch * side ** 2 }, (_, i) => Math.sin(0.37 * i));
  const truths = Array.from({ length: batch }, (_, i) => [object(i)]);
  return { batch, make: (engine) => detectorStep(engine, config, initDetector(config, 1), { images: images(), truths }) };
}

/** All that the scale table has. */
export const SCALE: Readonly<Record<string, Workload>> = {
  ...Object.fromEntries(Object.entries(NETWORKS).map(([name, options]) => [name, workload(options)])),
  ...DETECTORS,
};

/** A software adapter plans larger steps and runs none of them. */
const MOST_IN_SOFTWARE = 50;

/** What a network's step takes, and how long, with the choice in force and with `untuned`. */
export async function scalePoint(engine: Engine, network: string, untuned?: Choice): Promise<ScalePoint> {
  const of = SCALE[network];
  const step = of.make(engine);
  const optimizer = new Optimizer(step.params, { kind: "adamw" });
  const recording = recordStep(engine, (graph: Graph) => step.trace(graph), optimizer);
  const { bytes, largest } = planMemory(...recording);
  optimizer.destroy();
  step.destroy();
  const gflop = recording[0].launches.reduce((sum, { work }) => sum + work, 0) / 1e9;
  const known = { network, batch: of.batch, largest_mb: largest / 1e6, step_mb: bytes / 1e6, gflop };
  if (engine.facts.software && gflop > MOST_IN_SOFTWARE) return { ...known, skipped: "too long for a software adapter" };
  try {
    engine.assertFits(largest);
    const { ms, imagesPerSecond } = await stepSpeed(engine, of);
    const guessed = untuned && (await guessing(engine, untuned, () => stepSpeed(engine, of)));
    return { ...known, ms, images_per_s: imagesPerSecond, gflops: (1000 * gflop) / ms, untuned_images_per_s: guessed?.imagesPerSecond };
  } catch (error) {
    if (!(error instanceof EngineError) || engine.failure) throw error;
    return { ...known, skipped: error.message };
  } finally {
    engine.trim();
  }
}

/** With other kernel variants, unless they are those in force. */
async function guessing<T>(engine: Engine, other: Choice, work: () => Promise<T>): Promise<T | undefined> {
  const usual = choice(engine);
  if (inWords(usual) === inWords(other)) return undefined;
  choose(engine, other);
  try {
    return await work();
  } finally {
    choose(engine, usual);
  }
}
