/** Images that are generated here, by the words that address and command line have for them, and the teachers that come with them. */
import type { Settings } from "../settings/run";
import type { Counts, GeneratedOptions, Sample, TaskData, TaskDefinition } from "./definition";
import type { AnyDataset } from "./task";

type Sets = Pick<TaskDefinition, "generated">;

/** Which images and how many: all that is needed but side and seed. */
export type Generated = Pick<GeneratedOptions, "set" | "train" | "test">;

/** A name, and perhaps how many images to learn from and to hold out. */
const COUNTED = /^(\w+)(?::(\d+),(\d+))?$/;

/** What a word names: "scenes", or "shapes:1200,2000" for that many images; undefined where the task has no such set. */
export function generatedBy(word: string, { generated: { sets } }: Sets, usual: Counts): Generated | undefined {
  const [, set, train, test] = COUNTED.exec(word) ?? [];
  if (set === undefined || !Object.hasOwn(sets, set)) return undefined;
  return { set, train: Number(train ?? usual.train), test: Number(test ?? usual.test) };
}

/** Real images that a word names: "fashion", or "fashion:600,2000" for the first so many; undefined where the task has none of that name. */
export function sampleBy(word: string, { samples = {} }: Pick<TaskDefinition, "samples">): { sample: Sample; most?: Counts } | undefined {
  const [, name, train, test] = COUNTED.exec(word) ?? [];
  if (name === undefined || !Object.hasOwn(samples, name)) return undefined;
  return { sample: samples[name], ...(train && { most: { train: Number(train), test: Number(test) } }) };
}

/** The word for these images; undefined for the task's usual ones. */
export function wordFor({ set, train, test }: Generated, { generated: { sets } }: Sets, usual: Counts): string | undefined {
  const first = Object.keys(sets)[0];
  const counted = train !== usual.train || test !== usual.test;
  if (!counted && (set ?? first) === first) return undefined;
  return `${set ?? first}${counted ? `:${train},${test}` : ""}`;
}

/**
 * Files in `public/` of teachers that may be for such data and students of such settings, the likeliest first: for generated images that of
 * their set, for others every one there is, since whether it fits shows only when it is read.
 */
export function shippedFor(
  { generated: { sets }, samples = {} }: Pick<TaskDefinition, "generated" | "samples">,
  data: Pick<TaskData, "optionsOf">,
  { id }: Pick<AnyDataset, "id">,
  settings: Settings,
): string[] {
  const options = data.optionsOf(id);
  const from = options ? [sets[options.set ?? Object.keys(sets)[0]]] : [...Object.values(sets), ...Object.values(samples)];
  return from.flatMap(({ shipped }) => (typeof shipped === "function" ? shipped(settings) : shipped) ?? []);
}
