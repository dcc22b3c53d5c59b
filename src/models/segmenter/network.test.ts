/** Segmenters as files: what is written is read again, and what is no sound file is refused by name. */
import { describe, expect, test } from "vitest";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../safetensors";
import { type Weight, WeightsError } from "../weights";
import { fromOriginal, toOriginal } from "./names";
import { readSegmenter, type SegmenterFile, writeSegmenter } from "./network";
import { CONFIGS, ODD, weightsOf } from "./segmenter.fixture";

const file = (config = ODD): SegmenterFile => ({
  ...{ name: "a.safetensors", config, weights: weightsOf(config), miou: 0.625 },
  classes: Array.from({ length: config.classes }, (_, i) => `class ${i}`),
  moments: { mean: [0.5, 0.25], std: [0.25, 0.125] },
});

test.each(Object.entries(CONFIGS))("%s: written and read again", (_, config) => {
  expect(readSegmenter(writeSegmenter(file(config), "Scenes"), "a.safetensors")).toEqual(file(config));
  const { miou, ...without } = file(config);
  expect(readSegmenter(writeSegmenter(without, "Scenes"), "a.safetensors")).toEqual(without);
});

test("files hold the projections as they are applied from the right", () => {
  const stored = readSafetensors(writeSegmenter(file(), "Scenes"));
  const [ours, theirs] = [weightsOf(ODD).get("decoder.proj_patch")!, stored.get("decoder.proj_patch")!];
  expect([theirs.data[1], theirs.data[6]]).toEqual([ours.data[6], ours.data[1]]);
  expect(fromOriginal(toOriginal(weightsOf(ODD)))).toEqual(weightsOf(ODD));
});

test("prefixes and the encoder's classifier, as training code leaves them, do no harm", () => {
  const left = new Map<string, Weight>([...toOriginal(weightsOf(ODD))].map(([name, weight]) => [`module.${name}`, weight]));
  left.set("module.encoder.head.weight", { shape: [3, 10], data: new Float32Array(30) });
  expect(fromOriginal(left)).toEqual(weightsOf(ODD));
  const whole = new Map([["decoder.cls_emb", { shape: [1], data: Int32Array.of(3) }]]);
  expect(() => fromOriginal(whole, "a.st")).toThrow('a.st: "decoder.cls_emb" holds no floats');
});

describe("refused", () => {
  const metadata = () => readSafetensorsMetadata(writeSegmenter(file(), "Scenes"));
  const reading = (change: Record<string, string | undefined>, weights = toOriginal(weightsOf(ODD))) => {
    const told = Object.fromEntries(Object.entries({ ...metadata(), ...change }).filter(([, value]) => value !== undefined));
    return () => readSegmenter(writeSafetensors(weights, told as Record<string, string>), "b.st");
  };

  test.each<[string, Record<string, string | undefined>, string]>([
    ["no configuration", { segmenter: undefined }, 'b.st: its metadata has no "segmenter"'],
    ["a configuration cut short", { segmenter: '{"classes":3' }, '"segmenter" in its metadata is not readable as JSON'],
    ["another configuration", { segmenter: JSON.stringify({ ...ODD, classes: 5 }) }, '"decoder.cls_emb" has the shape [1,3,6]'],
    ["classes of another number", { classes: '["a","b"]' }, "it names 2 classes, but tells 3 apart"],
    ["classes that are numbers", { classes: "[1,2,3]" }, "its classes are no list of names"],
    ["moments of three channels", { moments: '{"mean":[0,0,0],"std":[1,1,1]}' }, "a mean and a deviation of 2 channels"],
    ["a deviation of 0", { moments: '{"mean":[0,0],"std":[1,0]}' }, "a channel's deviation is 0"],
    ["no moments", { moments: "null" }, "its moments are not"],
    ["a score above 1", { miou: "38.8" }, 'its mean IoU is "38.8"'],
    ["a score that is no number", { miou: "good" }, 'its mean IoU is "good"'],
  ])("%s", (_, change, message) => {
    expect(reading(change)).toThrow(message);
    expect(reading(change)).toThrow(WeightsError);
  });

  test("weights that are missing, too many or not finite", () => {
    const spoiled = (change: (weights: ReturnType<typeof weightsOf>) => void) => {
      const weights = toOriginal(weightsOf(ODD));
      change(weights);
      return reading({}, weights);
    };
    expect(spoiled((w) => w.delete("decoder.cls_emb"))).toThrow('"decoder.cls_emb" of shape [1,3,6] is missing');
    expect(spoiled((w) => w.set("decoder.extra", { shape: [1], data: new Float32Array(1) }))).toThrow('"decoder.extra"');
    expect(spoiled((w) => w.get("decoder.proj_patch")!.data.fill(Number.NaN, 2, 3))).toThrow('"decoder.proj_patch" is NaN');
  });
});
