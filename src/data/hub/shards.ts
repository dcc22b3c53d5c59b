/** Which files of a data set are which split, by the Hub's lists of files; and which of its splits are learned from and held out. */
import { DataError } from "../dataset";
import { halfOf } from "../halves";
import { type HubAddress, hubWord } from "./address";
import type { FileFacts, Hub, RepoFacts } from "./client";

/** A file of one split. */
export interface Shard extends FileFacts {
  config: string;
  split: string;
}

/** Where the Hub puts what it has converted. */
const CONVERTED = "refs/convert/parquet";

/** The Parquet files of the branch with what the Hub has converted, whose layout is always the same; else the data set's own. */
export async function shardsOf(hub: Hub, own: RepoFacts, revision?: string): Promise<{ sha: string; shards: Shard[] }> {
  const { repo } = own;
  // Not every data set has that branch.
  const converted = revision === undefined ? await hub.facts(repo, CONVERTED).catch(() => undefined) : undefined;
  for (const { sha, files } of [converted ?? own, own]) {
    const shards = files.flatMap(shardOf);
    if (shards.length > 0) return { sha, shards };
  }
  throw new DataError(
    `${repo.name} has no Parquet files${revision === undefined ? "" : ` at ${revision}`}, and ${hub.host} has made none of it.`,
    "Download it, and choose its folder or archive here.",
  );
}

const SHARD = /^(?:(.*)\/)?([^/]+?)(?:-\d+-of-\d+(?:-[\da-f]+)?)?\.parquet$/;

/** Files by what their paths say: CONFIG/SPLIT/0000.parquet, or CONFIG/SPLIT-00000-of-00001.parquet, where "data" names no configuration. */
function shardOf({ path, size }: FileFacts): Shard[] {
  const [, folder = "", stem] = SHARD.exec(path) ?? [];
  if (stem === undefined) return [];
  const folders = folder.split("/").filter(Boolean);
  const split = /^\d+$/.test(stem) ? (folders.pop() ?? "train") : stem;
  const config = folders.filter((one) => one !== "data").join("/") || "default";
  return [{ path, size, config, split: split.replace(/^partial-/, "") }];
}

export function configOf({ config }: HubAddress, shards: Shard[], name: string, notes: string[]): string {
  const all = [...new Set(shards.map((one) => one.config))];
  if (config !== undefined && !all.includes(config))
    throw new DataError(`${name} has no configuration ${config}. It has ${few(all)}.`, `Write ${hubWord({ name, config: all[0] })}.`);
  const found = config ?? (all.includes("default") ? "default" : all[0]);
  if (config === undefined && all.length > 1)
    notes.push(`Of its ${all.length} configurations this is ${found}; others are ${few(all.filter((one) => one !== found))}.`);
  return found;
}

const few = (names: string[]): string =>
  names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} more` : names.join(", ");

/** The split to learn from and, where there is one, that to hold out: "test", else "validation". */
export function splitsOf({ train, test }: HubAddress, shards: Shard[], name: string, notes: string[]): { test: boolean; files: Shard[] }[] {
  const all = [...new Set(shards.map(({ split }) => split))];
  for (const split of [train, test])
    if (split !== undefined && !all.includes(split))
      throw new DataError(
        `${name} has no split ${split}. It has ${few(all)}.`,
        `Write ${hubWord({ name, config: shards[0].config, train: all[0] })}.`,
      );
  const learned = train ?? all.find((split) => halfOf(split) === "train") ?? all[0];
  const rest = all.filter((split) => split !== learned && halfOf(split) === "test");
  const held = test ?? (train === undefined ? ["test", "validation", ...rest].find((split) => rest.includes(split)) : undefined);
  const left = all.filter((split) => split !== learned && split !== held);
  if (held === undefined) notes.push(`It is all of the split ${learned}; a part of that is held out.`);
  else notes.push(`Learned from is the split ${learned}, held out ${held}${left.length > 0 ? `; ${few(left)} is left out` : ""}.`);
  const of = (split: string) => shards.filter((one) => one.split === split).sort((a, b) => (a.path < b.path ? -1 : 1));
  return [{ test: false, files: of(learned) }, ...(held === undefined ? [] : [{ test: true, files: of(held) }])];
}
