/** What files of networks say of them beside their weights is checked, whatever the task: names, moments, scores, configuration. */
import { describe, expect, it } from "vitest";
import { EngineError } from "../engine/errors";
import { smallDetector } from "../models/detector/config";
import { initDetector } from "../models/detector/init";
import { toTorch } from "../models/detector/names";
import { writeSafetensors } from "../models/safetensors";
import { initSegmenter, smallSegmenter } from "../models/segmenter/config";
import { toOriginal } from "../models/segmenter/names";
import { initViT, type ViTConfig } from "../models/vit/config";
import { initYolos, type YolosConfig } from "../models/yolos/config";
import { toOriginal as yolosNames } from "../models/yolos/names";
import { readDetector } from "./detection/network";
import { readNetwork as readSegmenter } from "./segmentation/network";
import { readNetwork } from "./vitNetwork";
import { readNetwork as readYolos } from "./yolos/network";

type Metadata = Record<string, string>;
const MOMENTS = { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] };

const SHAPE = { image: 8, patch: 4, channels: 3, classes: 2, width: 8, depth: 1, heads: 2, headDim: 4, mlp: 8 };
const VIT: ViTConfig = { ...SHAPE, activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 };
const detector = { ...smallDetector("gfl", "student", 2, 32), width: 4, channels: 4 };
const segmenter = smallSegmenter("linear", "student", 2, 8);
const yolos: YolosConfig = { encoder: segmenter.encoder, tokens: 3, classes: 2 };
const json = { classes: '["cat","dog"]', moments: JSON.stringify(MOMENTS) };

const KINDS: [string, (told?: Metadata) => Promise<object>][] = [
  [
    "classifier",
    (told) => {
      const { mean, std } = MOMENTS;
      const whole = { heads: "2", classes: json.classes, mean: mean.join(), std: std.join(), top1: "0.5" };
      return readNetwork(writeSafetensors(initViT(VIT, 1), { ...whole, ...told }), "n.st");
    },
  ],
  [
    "detector",
    (told) => {
      const whole = { ...json, detector: JSON.stringify(detector), map: "0.5" };
      return readDetector(writeSafetensors(toTorch(initDetector(detector, 1)), { ...whole, ...told }), "n.st");
    },
  ],
  [
    "Segmenter",
    (told) => {
      const whole = { ...json, segmenter: JSON.stringify(segmenter), miou: "0.5" };
      return readSegmenter(writeSafetensors(toOriginal(initSegmenter(segmenter, 1)), { ...whole, ...told }), "n.st");
    },
  ],
  [
    "YOLOS",
    (told) => {
      const whole = { ...json, yolos: JSON.stringify(yolos), map: "0.5" };
      return readYolos(writeSafetensors(yolosNames(initYolos(yolos, 1)), { ...whole, ...told }), "n.st");
    },
  ],
];

describe.each(KINDS)("%s", (kind, read) => {
  it("is read with all that is said of it", async () => {
    expect(await read()).toMatchObject({ name: "n.st", classes: ["cat", "dog"], moments: MOMENTS, score: 0.5 });
  });

  it("has no half letters in its names", async () => {
    expect(await read({ classes: '["cat","\\ud800og"]' })).toMatchObject({ classes: ["cat", "\ufffdog"] });
  });

  it.skipIf(kind === "classifier")("is refused for a name twice", async () => {
    await expect(read({ classes: '["cat","cat"]' })).rejects.toThrow(/^n\.st: it names the class "cat" twice/);
  });

  const moments = (mean: string, std: string): Metadata =>
    kind === "classifier" ? { mean, std } : { moments: `{"mean":[${mean}],"std":[${std}]}` };
  const score = { classifier: "top1", detector: "map", Segmenter: "miou", YOLOS: "map" }[kind] as string;

  it.each<[string, Metadata, RegExp]>([
    ["an empty name", { classes: '["cat",""]' }, /its classes are no list of names/],
    ["a name that is none", { classes: '["cat",{}]' }, /its classes are no list of names/],
    ["fewer names than classes", { classes: '["cat"]' }, /it names 1 classes, but tells 2 apart/],
    ["names that are no JSON", { classes: '["cat","dog"' }, /"classes" in its metadata is not readable as JSON/],
    ["an endless mean", moments("0.5,1e999,0.5", "0.2,0.2,0.2"), /its moments are not a mean and a deviation of 3 channels/],
    ["moments of one channel", moments("0.5", "0.2"), /its moments are not a mean and a deviation of 3 channels/],
    ["a deviation of 0", moments("0.5,0.5,0.5", "0.2,0,0.2"), /a channel's deviation is 0, which is not positive/],
    ["a score that is none", { [score]: "much" }, /is "much", which is not between 0 and 1/],
    ["a score above 1", { [score]: "1e9" }, /which is not between 0 and 1/],
  ])("is refused for %s", async (_, told, message) => {
    const reading = read(told);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(EngineError);
    await expect(reading).rejects.toThrow(/^n\.st: /);
  });
});

it.each(["null", "[]", "3", '"x"', "{}", `{"blocks":[1e9,1,1,1]}`, `{"kind":${"[".repeat(50_000)}${"]".repeat(50_000)}}`])(
  "a detector or Segmenter of the configuration %.40s is refused at once",
  async (config) => {
    for (const [kind, read] of KINDS.slice(1)) await expect(read({ [kind.toLowerCase()]: config })).rejects.toThrow(EngineError);
    const many = JSON.stringify({ ...detector, blocks: [1e9, 1e9, 1e9, 1e9] });
    await expect(KINDS[1][1]({ detector: many })).rejects.toThrow(/the number of blocks of a stage is 1000000000/);
  },
);
