/**
 * What the contest is run on: by default two seeded, random ViTs and a random batch, or safetensors files of anyone's.
 */
import { DetectionBatches } from "../../data/batches.detection";
import { detectionScenes } from "../../data/scenes.detection";
import { type DetectorKind, smallDetector } from "../../models/detector/config";
import { initDetector } from "../../models/detector/init";
import { toTorch, transposed } from "../../models/detector/names";
import type { Setup, Weights } from "./contest";
import { type VitShape, vitShape } from "./flops";
import { CONVOLUTIONS, isConv, isVit, type Task } from "./tasks";

/** Everything the command line decides, as plain data: it travels to the browser page as JSON. */
export interface Options {
  task: Task;
  host: "node" | "chromium";
  rounds: number;
  heads: [number, number];
  keep: number;
  /** Which of them takes the detector's step; GFL by default. */
  detector?: DetectorKind;
  seed: number;
  /** Whether other people's engines take part. */
  peer: boolean;
  /** The peer in its fastest known form instead of the plain one. */
  tuned?: boolean;
  /** Whether PyTorch takes part. */
  torch?: boolean;
  json: boolean;
  files: Partial<Record<FileRole, string>>;
}

export type FileRole = "student" | "teacher" | "batch";
export type Tensors = Map<string, { shape: number[]; data: ArrayLike<number | bigint> }>;

/** A mistake in the command line or in a file it names; the message starts with the flag. */
export class UsageError extends Error {}

const STUDENT: VitShape = { width: 64, depth: 4, hidden: 256, classes: 10, channels: 3, patch: 4, patches: 64 };
const TEACHER: VitShape = { ...STUDENT, width: 128, depth: 6, hidden: 512 };
const BATCH = 32;

/** Builds the setup of a task. `files` holds what was read from the files of the command line. */
export function makeSetup(options: Options, files: Partial<Record<FileRole, Tensors>> = {}): Setup {
  const { task, heads, keep, detector = "gfl", seed } = options;
  if (task === "detector-step") return { task, ...detection(detector, seed), teacher: new Map(), heads, keep, seed };
  if (isConv(task)) return { task, ...convolution(task, seed), teacher: new Map(), heads, keep, seed };
  const student = files.student ? asWeights(files.student) : randomVit(STUDENT, normals(seed + 1));
  const teacher = files.teacher ? asWeights(files.teacher) : randomVit(TEACHER, normals(seed + 2));
  const batch = task === "matmul-512" ? factors(512, seed) : files.batch ? asBatch(files.batch) : randomBatch(student, seed);
  const setup = { task, student, teacher, heads, keep, seed, ...batch };
  if (isVit(task)) check(setup);
  return setup;
}

/** A random ViT. Matrices are scaled by 1/sqrt(fan-in) so that attention has something to choose between. */
export function randomVit(shape: VitShape, normal: () => number): Weights {
  const { width, depth, hidden, classes, channels, patch, patches } = shape;
  const weights: Weights = new Map();
  const add = (name: string, dims: number[], value: () => number) => {
    weights.set(name, { shape: dims, data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, value) });
  };
  const linear = (name: string, out: number, dims: number[]) => {
    const scale = 1 / Math.sqrt(dims.reduce((a, b) => a * b, 1));
    add(`${name}.weight`, [out, ...dims], () => scale * normal());
    add(`${name}.bias`, [out], () => 0.02 * normal());
  };
  const norm = (name: string) => {
    add(`${name}.weight`, [width], () => 1 + 0.02 * normal());
    add(`${name}.bias`, [width], () => 0.02 * normal());
  };
  add("cls_token", [1, 1, width], () => 0.1 * normal());
  add("pos_embed", [1, patches + 1, width], () => 0.1 * normal());
  linear("patch_embed.proj", width, [channels, patch, patch]);
  for (let i = 0; i < depth; i++) {
    norm(`blocks.${i}.norm1`);
    linear(`blocks.${i}.attn.qkv`, 3 * width, [width]);
    linear(`blocks.${i}.attn.proj`, width, [width]);
    norm(`blocks.${i}.norm2`);
    linear(`blocks.${i}.mlp.fc1`, hidden, [width]);
    linear(`blocks.${i}.mlp.fc2`, width, [hidden]);
  }
  norm("norm");
  linear("head", classes, [width]);
  return weights;
}

type BatchPart = Pick<Setup, "images" | "imageShape" | "labels">;

/** Noise of the size the student was made for, with random labels. */
function randomBatch(student: Weights, seed: number): BatchPart {
  const { channels, patch, patches, classes } = vitShape(student);
  const side = Math.round(Math.sqrt(patches)) * patch;
  const normal = normals(seed);
  const uniform = uniforms(seed + 3);
  const images = Float32Array.from({ length: BATCH * channels * side * side }, normal);
  const labels = Int32Array.from({ length: BATCH }, () => Math.floor(uniform() * classes));
  return { images, imageShape: [BATCH, channels, side, side], labels };
}

function factors(side: number, seed: number): BatchPart {
  return { images: Float32Array.from({ length: 2 * side * side }, normals(seed)), imageShape: [2, side, side], labels: new Int32Array() };
}

/** Batches of 8 maps. A grouped convolution has no bias: in ResNeXt a norm follows. */
function convolution(task: keyof typeof CONVOLUTIONS, seed: number): BatchPart & Pick<Setup, "student"> {
  const { side, channels, group } = CONVOLUTIONS[task];
  const normal = normals(seed);
  const draw = (shape: number[], scale: number) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * normal()),
  });
  const weight = draw([channels, group, 3, 3], 1 / Math.sqrt(9 * group));
  const { shape: imageShape, data: images } = draw([8, channels, side, side], 1);
  const bias = draw([channels], 0.02);
  return {
    student: new Map(Object.entries(group === channels ? { weight, bias } : { weight })),
    ...{ images, imageShape, labels: new Int32Array() },
  };
}

/** Generated pictures of 128 pixels and the small student of that kind. */
function detection(kind: DetectorKind, seed: number): BatchPart & Pick<Setup, "student" | "detector"> {
  const data = detectionScenes({ train: 8, test: 0, seed });
  const { images, truths } = new DetectionBatches(data, data.train.count, seed, false).train.take(0);
  const config = smallDetector(kind, "student", data.classes.length);
  return {
    student: toTorch(initDetector(config, seed + 1)),
    detector: { config, truths },
    ...{ images: transposed(images, truths.length, data.side ** 2, 3), imageShape: [truths.length, 3, data.side, data.side] },
    labels: new Int32Array(),
  };
}

function asWeights(tensors: Tensors): Weights {
  return new Map([...tensors].map(([name, { shape, data }]) => [name, { shape: [...shape], data: Float32Array.from(data, Number) }]));
}

function asBatch(tensors: Tensors): BatchPart {
  const [images, labels] = [tensors.get("images"), tensors.get("labels")];
  if (!images || !labels) throw new UsageError('--batch: expected tensors named "images" (NCHW) and "labels"');
  return { images: Float32Array.from(images.data, Number), imageShape: [...images.shape], labels: Int32Array.from(labels.data, Number) };
}

/** Says in words what a shader would only show as nonsense. */
function check({ task, student, teacher, heads, images, imageShape, labels }: Setup): void {
  const models: [string, VitShape, number][] = [["--student", shapeOf("--student", student), heads[0]]];
  if (task !== "vit-step") models.push(["--teacher", shapeOf("--teacher", teacher), heads[1]]);
  const [batch, channels, height, width] = imageShape as [number, number, number, number];
  if (height !== width) throw new UsageError(`--batch: expected square images, got ${imageShape.join("x")}`);
  if (!images.every(Number.isFinite)) throw new UsageError("--batch: expected finite pixels, got NaN or Infinity");
  for (const [flag, model, count] of models) {
    if (model.width % count)
      throw new UsageError(`--heads: expected divisors of the widths, got ${count} for ${flag} of width ${model.width}`);
    const patches = (height / model.patch) * (width / model.patch);
    if (model.patches !== patches || model.channels !== channels)
      throw new UsageError(
        `--batch: expected ${model.channels} channels and ${model.patches} patches of ${model.patch} for ${flag}, got ${imageShape.join("x")}`,
      );
  }
  if (labels.length !== batch) throw new UsageError(`--batch: expected ${batch} labels, got ${labels.length}`);
  const { patch, classes } = vitShape(student);
  const stray = labels.find((label) => label < 0 || label >= classes);
  if (stray !== undefined) throw new UsageError(`--batch: expected labels below the ${classes} classes of --student, got ${stray}`);
  if (task !== "vit-step" && (vitShape(teacher).patch !== patch || vitShape(teacher).classes !== classes))
    throw new UsageError("--teacher: expected the student's patch size and number of classes");
}

/** A model's shape; a mistake in its file names the flag. */
function shapeOf(flag: string, weights: Weights): VitShape {
  for (const [name, { data }] of weights)
    if (!data.every(Number.isFinite)) throw new UsageError(`${flag}: expected finite weights, got NaN or Infinity in "${name}"`);
  try {
    return vitShape(weights);
  } catch (error) {
    throw new UsageError(`${flag}: expected a plain ViT under timm's names; ${(error as Error).message}`);
  }
}

/** mulberry32: 32 bits of state are plenty for a benchmark and give the same numbers on every machine. */
function uniforms(seed: number): () => number {
  let state = (seed * 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function normals(seed: number): () => number {
  const uniform = uniforms(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
