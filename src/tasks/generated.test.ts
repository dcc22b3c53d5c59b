import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DETECTORS } from "../models/detector/config";
import { ownTeacher, SCHEMA, TASKS } from ".";
import type { Shipped } from "./definition";
import { generatedBy, sampleBy, shippedFor, wordFor } from "./generated";

const { classification } = TASKS;
const USUAL = { train: 8000, test: 1000 };

test("a word names a generated set, with or without counts, and what it names has that word", () => {
  expect(generatedBy("shapes", classification, USUAL)).toEqual({ set: "shapes", ...USUAL });
  expect(generatedBy("scenes:40,10", classification, USUAL)).toEqual({ set: "scenes", train: 40, test: 10 });
  for (const word of ["shapes", "shapes:1200,2000", "scenes:40,10"]) {
    const named = generatedBy(word, classification, USUAL);
    expect(named && wordFor(named, classification, USUAL)).toBe(word);
  }
  expect(wordFor({ set: "scenes", ...USUAL }, classification, USUAL)).toBeUndefined();
  expect(wordFor(USUAL, classification, USUAL)).toBeUndefined();
  for (const word of ["", "cats", "constructor", "__proto__", "shapes:1", "shapes:a,b", "../shapes"])
    expect(generatedBy(word, classification, USUAL)).toBeUndefined();
});

test("real images are named alike", () => {
  const { fashion } = classification.samples!;
  expect(sampleBy("fashion", classification)).toEqual({ sample: fashion });
  expect(sampleBy("fashion:600,2000", classification)).toEqual({ sample: fashion, most: { train: 600, test: 2000 } });
  for (const word of ["scenes", "toString", "fashion:600", "", "public/fashion-mnist"])
    expect(sampleBy(word, classification)).toBeUndefined();
});

/** Whose teacher would take longer to train than a CPU was there for; see docs/results.md. */
const WITHOUT = ["yolos"];

test("every set comes with a teacher that is there, but where none is needed or was trained; for other images all may fit", async () => {
  for (const definition of Object.values(TASKS)) {
    const data = await definition.data();
    const settings = SCHEMA.defaults(Object.keys(definition.methods)[0]);
    const fileOf = (shipped?: Shipped) => (typeof shipped === "function" ? shipped(settings) : shipped);
    for (const [set, { shipped }] of Object.entries(definition.generated.sets)) {
      const { id } = data.generated({ set, side: 32, train: 12, test: 12, seed: 1 });
      const file = fileOf(shipped);
      expect(shippedFor(definition, data, { id }, settings)).toEqual(file ? [file] : []);
      expect(file === undefined, set).toBe(ownTeacher(Object.keys(definition.methods)[0]) || WITHOUT.includes(definition.name));
    }
    const all = shippedFor(definition, data, { id: "files-1" }, settings);
    expect(all[0]).toBe(fileOf(Object.values(definition.generated.sets)[0].shipped));
    const parts = Object.values(definition.samples ?? {}).flatMap(({ folder, files }) => files.map((name) => `${folder}/${name}`));
    for (const file of [...all, ...parts]) expect(existsSync(`public/${file}`), file).toBe(true);
  }
});

test("teachers of every kind of detector that is said to come with the program are there, and are of that kind", async () => {
  const { detection } = TASKS;
  const [data, { networks }] = await Promise.all([detection.data(), detection.runtime()]);
  const { id } = data.generated({ side: 128, train: 12, test: 12, seed: 1 });
  const found = [];
  for (const detector of DETECTORS) {
    const settings = { ...SCHEMA.defaults("fitnet"), detector };
    for (const file of shippedFor(detection, data, { id }, settings)) {
      const network = await networks.read(new Uint8Array(readFileSync(`public/${file}`)), file, {});
      expect(networks.suits?.(network, settings), file).toBe(true);
      found.push(detector);
      // Another student may have the same teacher.
      const other = { ...settings, detector: "fcos", teacherDetector: detector };
      expect(shippedFor(detection, data, { id }, other)).toEqual([file]);
    }
  }
  expect(found).toEqual([...DETECTORS]);
});
