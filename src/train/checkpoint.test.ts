/** A saved run is read as it was written, or refused by name: for whatever type or number stands in it. */
import { expect, it } from "vitest";
import { EngineError } from "../engine/errors";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import type { Weights } from "../models/weights";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint";
import { RUN } from "./checkpoint.fixture";

it("is read as it was written", () => {
  expect(readCheckpoint(writeCheckpoint(RUN))).toEqual(RUN);
});

/** The file with its description of the run changed. */
function told(change: object): Uint8Array {
  const file = writeCheckpoint(RUN);
  const { run, ...rest } = readSafetensorsMetadata(file);
  return writeSafetensors(readSafetensors(file) as Weights, { ...rest, run: JSON.stringify({ ...JSON.parse(run), ...change }) });
}

it.each<[string, object]>([
  ...[-5, 0.5, 2 ** 53, "3", null, {}].map((step): [string, object] => [`step ${step}`, { step }]),
  ...[-3, 1e308, "3", null].map((updates): [string, object] => [`updates ${updates}`, { updates }]),
  ...[null, 3, [], "x"].map((settings): [string, object] => [`settings ${JSON.stringify(settings)}`, { settings }]),
  ...[null, {}, "x", [null], [3], [{ step: -1, key: "lr", from: 1, to: 1 }], [{ step: 1, key: {}, from: 1, to: 1 }]].map(
    (changes): [string, object] => [`changes ${JSON.stringify(changes)}`, { changes }],
  ),
  ["a change to an object", { changes: [{ step: 1, key: "lr", from: 1, to: {} }] }],
  ...[null, 3, {}, { id: {}, name: "x" }, { id: "", name: "x" }, { id: "x" }].map((dataset): [string, object] => [
    `data ${JSON.stringify(dataset)}`,
    { dataset },
  ]),
  ["a teacher without id", { teacher: { name: "x" } }],
  ["a guide that is a number", { guide: 3 }],
  ["given settings that are numbers", { given: [3] }],
])("is refused for %s", (_, change) => {
  expect(() => readCheckpoint(told(change), "run.st")).toThrow(EngineError);
  expect(() => readCheckpoint(told(change), "run.st")).toThrow(/^run\.st is damaged or was edited: /);
});

it.each([
  [{ ...RUN.settings, preset: "gone" }, /preset cannot be "gone"/],
  [{ ...RUN.settings, family: "gone" }, /family cannot be "gone"/],
  [{ ...RUN.settings, preset: "constructor" }, /preset/],
  [{ ...RUN.settings, preset: { toString: 1 } }, /preset/],
  [{ ...RUN.settings, lr: [1] }, /lr/],
])("of a version with other methods, models or settings it is refused by their names: %j", (settings, what) => {
  expect(() => readCheckpoint(told({ settings }), "run.st")).toThrow(EngineError);
  expect(() => readCheckpoint(told({ settings }), "run.st")).toThrow(/^run\.st was saved by another version of this program, or edited: /);
  expect(() => readCheckpoint(told({ settings }), "run.st")).toThrow(what);
});

it.each<[string, Partial<Checkpoint>, RegExp]>([
  [
    "a weight that is no number",
    { weights: new Map([["w", { shape: [1], data: Float32Array.of(Number.NaN) }]]) },
    /student\.w is NaN at position 0/,
  ],
  ["an endless extra", { extras: new Map([["x", { shape: [1], data: Float32Array.of(Infinity) }]]) }, /extra\.x is Infinity/],
  [
    "moments that are no numbers",
    { optimizer: { ...RUN.optimizer, first: Float32Array.of(0, Number.NaN) } },
    /optimizer\.first is NaN at position 1/,
  ],
  ["a negative mean of squares", { optimizer: { ...RUN.optimizer, second: Float32Array.of(0, -1) } }, /cannot be a mean of squares/],
  ["moments of two lengths", { optimizer: { ...RUN.optimizer, second: Float32Array.of(0) } }, /cannot be a mean of squares/],
  ["whole numbers", { weights: new Map([["w", { shape: [1], data: Int32Array.of(1) as never }]]) }, /student\.w holds no floats/],
])("is refused for %s", (_, change, message) => {
  expect(() => readCheckpoint(writeCheckpoint({ ...RUN, ...change }))).toThrow(message);
});

it("is refused without moments, and for what is no run", () => {
  const file = writeCheckpoint(RUN);
  const tensors = readSafetensors(file) as Weights;
  tensors.delete("optimizer.second");
  expect(() => readCheckpoint(writeSafetensors(tensors, readSafetensorsMetadata(file)))).toThrow(/optimizer\.second is missing/);
  expect(() => readCheckpoint(writeSafetensors(tensors))).toThrow(/is not a saved run of this program/);
});
