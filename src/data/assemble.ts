/** From parts, as files hold them, to a data set: classes numbered from 0, and something held out. */
import { uniform } from "../engine/random";
import { channelMoments, DataError, type PackedDataset, type PackedSplit } from "./dataset";
import { grouped } from "./group";
import { MAX_BYTES } from "./gzip";
import { squared } from "./square";

/** Labelled pictures of one file, or of one half of a folder. */
export interface Part {
  /** Where they come from, for messages. */
  file: string;
  /** Whether its files say that it is held out. */
  test: boolean;
  channels: 1 | 3;
  count: number;
  /** As the file has them: any numbers. */
  labels: ArrayLike<number>;
  /** u8 [count, channels, side, side]. */
  images: Uint8Array;
}

export interface AssembleOptions {
  name: string;
  side: number;
  seed: number;
  /** Share of each class to hold out where no part says that it is held out. */
  holdOut: number;
  /** What a label of the file is called. */
  className: (label: number) => string;
  /** Take so many images of each half, the first ones; all by default. */
  most?: { train: number; test: number };
}

/** Most classes a data set may have: beyond, the folders are hardly classes. */
const MAX_CLASSES = 1000;
/** Keeps these draws apart from other uses of the same seed. */
const STREAM = 0x401d;

/** One picture of a part. */
interface Pick {
  part: Part;
  index: number;
}

/** Puts parts together; classes are the labels that training has, in ascending order. */
export function assemble(parts: Part[], options: AssembleOptions): Omit<PackedDataset, "id"> {
  const { name, side, seed, holdOut, className, most } = options;
  const { channels } = parts[0];
  const odd = parts.find((part) => part.channels !== channels);
  if (odd) {
    const what = `${odd.file} holds ${tone(odd.channels)} images and ${parts[0].file} ${tone(channels)} ones.`;
    throw new DataError(what, "Choose files of one kind.");
  }
  const given = parts.some((part) => part.test) && parts.some((part) => !part.test);
  const pool = picks(given ? parts.filter((part) => !part.test) : parts);
  const values = [...new Set(pool.map(labelOf))].sort((a, b) => a - b);
  requireClasses(values.map(className), parts[0].file);
  const [train, test] = given ? [pool, picks(parts.filter((part) => part.test))] : heldOut(pool, labelOf, holdOut, seed);
  requireKnown(test, values, className);
  const gather = (from: Pick[]) => gathered(from, values, channels, side);
  const learned = gather(train.slice(0, most?.train));
  const moments = channelMoments(learned, channels);
  return {
    name,
    side,
    channels,
    classes: values.map(className),
    moments,
    train: learned,
    test: gather(inTurns(test, labelOf).slice(0, most?.test)),
  };
}

/** Refuses what cannot be learned from: one class, or too many. */
export function requireClasses(classes: string[], file: string): void {
  if (classes.length < 2) {
    throw new DataError(
      `${file} has one class only (${classes[0]}).`,
      "Add images of at least one other class: one folder, or one label, per class.",
    );
  }
  requireFewClasses(classes.length, file);
}

/** Refuses more classes than can be meant. */
export function requireFewClasses(count: number, file: string): void {
  if (count <= MAX_CLASSES) return;
  throw new DataError(`${file} has ${count} classes; ${MAX_CLASSES} is the limit.`, "Check what names the class of each image.");
}

/** Refuses more pixels than a tab can hold. */
export function requireRoom(count: number, channels: number, side: number): void {
  const bytes = count * channels * side * side;
  if (bytes <= MAX_BYTES) return;
  const what = `${count} images of ${side} x ${side} pixels take ${(bytes / 1e9).toFixed(1)} GB; 1 GB is the limit.`;
  throw new DataError(what, "Choose a smaller image size or fewer images.");
}

/** Planes u8 [count, channels, height, width], each made square. */
export function squaredAll(planes: Uint8Array, count: number, channels: number, height: number, width: number, side: number): Uint8Array {
  requireRoom(count, channels, side);
  const from = channels * height * width;
  const to = channels * side * side;
  const out = new Uint8Array(count * to);
  for (let i = 0; i < count; i++) out.set(squared(planes.subarray(i * from, (i + 1) * from), channels, height, width, side), i * to);
  return out;
}

/** The same items in an order drawn from the seed; `salt` keeps uses apart. */
export function shuffled<T>(items: T[], seed: number, salt: number): T[] {
  const keys = items.map((item, i) => ({ item, key: uniform(seed, STREAM, salt, i) }));
  return keys.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

function tone(channels: number): string {
  return channels === 1 ? "gray" : "colour";
}

function picks(parts: Part[]): Pick[] {
  return parts.flatMap((part) => Array.from({ length: part.count }, (_, index) => ({ part, index })));
}

function labelOf({ part, index }: Pick): number {
  return part.labels[index];
}

/** Holds the share out of every class with two or more items, at least one and never all of them. Throws a DataError where no class has two. */
export function heldOut<T>(pool: T[], labelOf: (item: T) => number, share: number, seed: number): [train: T[], test: T[]] {
  const classes = [...grouped(pool, labelOf)].sort(([a], [b]) => a - b);
  const divided = classes.map(([value, members]) => {
    const count = members.length < 2 ? 0 : Math.min(members.length - 1, Math.max(1, Math.round(share * members.length)));
    return { count, order: shuffled(members, seed, value) };
  });
  const test = divided.flatMap(({ count, order }) => order.slice(0, count));
  const train = divided.flatMap(({ count, order }) => order.slice(count));
  if (test.length === 0) throw new DataError("No class has two files, so none can be held out for testing.", "Add files to every class.");
  return [train, test];
}

/** One of each class, then another of each, and so on: the first few of these show what there is. */
export function inTurns<T>(items: T[], labelOf: (item: T) => number): T[] {
  const taken = new Map<number, number>();
  const turns = items.map((item) => {
    const turn = taken.get(labelOf(item)) ?? 0;
    taken.set(labelOf(item), turn + 1);
    return { item, turn };
  });
  return turns.sort((a, b) => a.turn - b.turn || labelOf(a.item) - labelOf(b.item)).map(({ item }) => item);
}

function requireKnown(test: Pick[], values: number[], className: (label: number) => string): void {
  const known = new Set(values);
  const stray = test.find((pick) => !known.has(labelOf(pick)));
  if (!stray) return;
  const what = `${stray.part.file} holds images of "${className(labelOf(stray))}", a class that no training image has.`;
  throw new DataError(what, "Add training images of that class, or leave it out.");
}

function gathered(from: Pick[], values: number[], channels: number, side: number): PackedSplit {
  requireRoom(from.length, channels, side);
  const size = channels * side * side;
  const images = new Uint8Array(from.length * size);
  const labels = values.length > 256 ? new Uint16Array(from.length) : new Uint8Array(from.length);
  const rank = new Map(values.map((value, i) => [value, i]));
  for (const [i, pick] of from.entries()) {
    images.set(pick.part.images.subarray(pick.index * size, (pick.index + 1) * size), i * size);
    labels[i] = rank.get(labelOf(pick))!;
  }
  return { count: from.length, images, labels };
}
