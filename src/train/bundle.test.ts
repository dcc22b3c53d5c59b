/** A saved run on its way: opened as it was sealed, or refused by name and reason. */
import { expect, test } from "vitest";
import { version } from "../../package.json";
import { readSafetensors, readSafetensorsMetadata, withMetadata, writeSafetensors } from "../models/safetensors";
import type { Weights } from "../models/weights";
import { CODE } from "../tasks/claims";
import { opened, sealed } from "./bundle";
import { writeCheckpoint } from "./checkpoint";
import { RUN } from "./checkpoint.fixture";

const PLAIN = writeCheckpoint(RUN);
const seal = () => sealed(PLAIN, "a GPU", '{"total":5}');
const refused = async (bytes: Uint8Array | Promise<Uint8Array>, why: RegExp | string) =>
  expect(opened(await bytes, "mine.safetensors")).rejects.toThrow(why);

/** The sealed file with other words in its metadata. */
async function told(change: (words: Record<string, string>) => Record<string, string | undefined>): Promise<Uint8Array> {
  const file = await seal();
  const words = readSafetensorsMetadata(file);
  const changed = Object.entries({ ...words, ...change(words) }).filter(([, word]) => word !== undefined);
  return withMetadata(file, Object.fromEntries(changed) as Record<string, string>);
}

test("holds the run, what was seen of it, and what made it; sealing it again replaces the last two", async () => {
  const found = await opened(await seal(), "mine.safetensors");
  expect(found).toEqual({ checkpoint: RUN, history: '{"total":5}', made: { version, code: CODE, adapter: "a GPU" } });
  const again = await opened(await sealed(await seal(), "another GPU"), "mine.safetensors");
  expect(again).toMatchObject({ checkpoint: RUN, history: '{"total":5}', made: { adapter: "another GPU" } });
});

test("a file of an earlier version opens, unverified", async () => {
  expect(await opened(PLAIN, "old.safetensors")).toEqual({ checkpoint: RUN });
});

test("the tensors may be read by any program, as before", async () => {
  expect(readSafetensors(await seal())).toEqual(readSafetensors(PLAIN));
});

test("a file that is cut off says so, wherever it is cut", async () => {
  const file = await seal();
  for (const length of [4, 100, file.length - 1]) await refused(file.subarray(0, length), /^mine\.safetensors: /);
});

test.each([
  ["a weight", async () => (await seal()).map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte)), "student.*"],
  ["a tensor's name", async () => renamed(await seal(), "carried.w", "carried.v"), "carried.*"],
  ["the step", () => told(({ run }) => ({ run: run.replace('"step":3', '"step":4') })), "run"],
  ["what was seen", () => told(() => ({ history: "{}" })), "history"],
  ["what made it", () => told(({ made }) => ({ made: made.replace("a GPU", "b GPU") })), "made"],
  ["a part taken away", () => told(() => ({ history: undefined })), "history (missing)"],
  ["a part added", () => told(() => ({ extra: "x" })), "extra"],
  ["the sums themselves", () => told(() => ({ sha256: "none" })), "run"],
])("%s that was edited is named", async (_, edited, part) => {
  await refused(edited(), /^mine\.safetensors is damaged or was edited: not as it was saved \(by SHA-256\): /);
  await refused(edited(), part);
});

function renamed(file: Uint8Array, from: string, to: string): Uint8Array {
  const tensors = new Map([...(readSafetensors(file) as Weights)].map(([name, tensor]) => [name === from ? to : name, tensor]));
  return writeSafetensors(tensors, readSafetensorsMetadata(file));
}

test("a run of a newer version is refused as such, by its format or by what it holds", async () => {
  const words = readSafetensorsMetadata(PLAIN);
  await refused(withMetadata(PLAIN, { ...words, format: "masked-distillation-run-3" }), /newer version of this program \(.*run-3\)/);
  const run = words.run.replace('"keep":', '"hologram":1,"keep":');
  const made = JSON.stringify({ version: "99.0.1", code: "9", adapter: "a GPU" });
  await refused(withMetadata(PLAIN, { ...words, run, made }), /saved by version 99\.0\.1 .* There is no setting "hologram"/);
  await refused(withMetadata(PLAIN, { ...words, run }), /another version of this program, or edited: There is no setting/);
});
