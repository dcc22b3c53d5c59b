/** What must hold of everything that a reader accepts: else it accepted what later breaks or misleads. */
import type { Moments } from "../data/dataset";
import type { Weights } from "../models/weights";
import { SCHEMA } from "../tasks";
import type { Reference } from "../tasks/task";
import type { Checkpoint } from "../train/checkpoint";

class Unsound extends Error {
  override name = "Accepted";
}

function require(holds: boolean, what: string): void {
  if (!holds) throw new Unsound(what);
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => typeof value === "string" && value.trim() !== "";
const isWhole = (value: unknown, channels: number) => Array.isArray(value) && value.length === channels && value.every(Number.isFinite);

export function soundClasses(classes: unknown, count?: number): void {
  require(Array.isArray(classes) && classes.every(isText), "classes that are not all names");
  const names = classes as string[];
  require(names.every((name) => name.isWellFormed()), "half a letter in a class");
  require(new Set(names).size === names.length, "a class twice");
  require(count === undefined || names.length === count, `${names.length} names for ${count} classes`);
}

export function soundMoments({ mean, std }: Moments, channels: number): void {
  require(isWhole(mean, channels) && isWhole(std, channels), "moments that are no numbers");
  require(std.every((one) => one > 0), "a deviation that is not positive");
}

interface Set {
  classes: string[];
  moments: Moments;
  train: { count: number };
  test: { count: number };
}

export function soundData({ classes, moments, train, test }: Set, channels: number): void {
  soundClasses(classes);
  soundMoments(moments, channels);
  require(train.count > 0 && test.count > 0, "no pictures to train on, or to test on");
}

interface Net {
  classes?: string[];
  moments?: Moments;
  score?: number;
  weights: Weights;
}

export function soundNetwork({ classes, moments, score, weights }: Net, outputs: number, channels: number): void {
  if (classes) soundClasses(classes, outputs || undefined);
  if (moments) soundMoments(moments, channels);
  require(score === undefined || (score >= 0 && score <= 1), `a score of ${score}`);
  soundWeights(weights);
}

export function soundAnswers(classes: string[], data: Reference, tables: Float32Array[]): void {
  soundClasses(classes);
  require(data.id !== "", "answers to nothing");
  for (const table of tables) require(table.length % classes.length === 0 && table.every(Number.isFinite), "a table of answers with holes");
}

function soundWeights(weights: Weights): void {
  for (const [name, { shape, data }] of weights) {
    require(data instanceof Float32Array && data.every(Number.isFinite), `${name} holds what is no number`);
    require(shape.reduce((a, b) => a * b, 1) === data.length, `${name} is of another size than its shape`);
  }
}

export function soundRun({
  settings,
  given,
  step,
  changes,
  dataset,
  teacher,
  guide,
  weights,
  carried,
  extras,
  optimizer,
}: Checkpoint): void {
  require(isCount(step) && isCount(optimizer.step), `step ${step}, ${optimizer.step} updates`);
  for (const [key, value] of Object.entries(settings)) SCHEMA.parse(key, value, settings.preset);
  require(given.every((key) => typeof key === "string"), "given settings that are no names");
  for (const { step: at, key, from, to } of changes) {
    require(isCount(at) && typeof key === "string", `a change of ${key} at ${at}`);
    for (const value of [from, to]) require(typeof value === "string" || Number.isFinite(value), `a change to ${value}`);
  }
  for (const reference of [dataset, teacher, guide].filter((one) => one !== undefined))
    require(typeof reference.id === "string" &&
      reference.id !== "" &&
      typeof reference.name === "string", "a reference without id or name");
  for (const part of [weights, carried ?? new Map(), extras]) soundWeights(part);
  for (const moment of [optimizer.first, optimizer.second]) require(moment.every(Number.isFinite), "moments that are no numbers");
  require(optimizer.first.length === optimizer.second.length, "moments of different lengths");
  require(optimizer.second.every((value) => value >= 0), "a negative second moment");
}
