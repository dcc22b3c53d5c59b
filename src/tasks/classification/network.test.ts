/** A classifier's file tells all that its next reader must know, and what is fitted to other data answers as before. */
import { describe, expect, it, test } from "vitest";
import { Batches } from "../../data/batches";
import { channelMoments, type Dataset, type Moments, type PackedSplit, unpacked } from "../../data/dataset";
import { uniform } from "../../engine/random";
import { writeSafetensors } from "../../models/safetensors";
import { hasShared, sharedBytes } from "../../models/shared.fixture";
import { initViT, type ViTConfig } from "../../models/vit/config";
import { vitForward64 } from "../../models/vit/reference";
import { DEIT_S } from "../../models/vit/vit.fixture";
import { type Network, readNetwork, writeNetwork } from "../vitNetwork";
import { adaptations, assertAsItIs, fitted } from "./fitted";

const SIDE = 8;
const CONFIG: ViTConfig = { ...DEIT_S, image: SIDE, patch: 4, classes: 3, width: 8, depth: 1, heads: 2, headDim: 4, mlp: 16 };
const IMAGENET: Moments = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

function network(channels: number, more: Partial<Network> = {}): Network {
  const config = { ...CONFIG, channels };
  const weights = initViT(config, 5);
  // As drawn, classes hardly differ.
  for (const { data } of weights.values()) for (let i = 0; i < data.length; i++) data[i] += uniform(1, 0, 0, i) - 0.5;
  return { id: "x", name: "net", weights, config, ...more };
}

function data(channels: 1 | 3, classes = ["a", "b", "c"]): Dataset {
  const split = (count: number): PackedSplit => ({
    count,
    images: Uint8Array.from({ length: count * channels * SIDE ** 2 }, (_, i) => 255 * uniform(2, 0, 0, i) ** (1 + (i % 7))),
    labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
  });
  const train = split(12);
  const moments = channelMoments(train, channels);
  return unpacked({ id: "y", name: "data", side: SIDE, channels, classes, moments, train, test: split(3) });
}

/** What a network says to the held-out images, normalised as it wishes, from planes of its own channels. */
function answers({ config, weights }: Network, pixels: number[], { mean, std }: Moments): number[][] {
  const area = SIDE ** 2;
  const normalised = pixels.map(
    (p, i) => (p / 255 - mean[Math.floor(i / area) % config.channels]) / std[Math.floor(i / area) % config.channels],
  );
  return vitForward64(config, weights, normalised, 3).logits;
}

function fittedAnswers(net: Network, dataset: Dataset): number[][] {
  const { config, weights } = fitted(net, dataset);
  return vitForward64(config, weights, new Batches(dataset, 1, 0).load(dataset.test, [0, 1, 2]).images, 3).logits;
}

function expectClose(actual: number[][], expected: number[][]): void {
  for (const [i, row] of expected.entries()) for (const [k, value] of row.entries()) expect(actual[i][k]).toBeCloseTo(value, 4);
}

/** Each image's area of pixels, from its planes by a rule. */
function planes(dataset: Dataset, rule: (at: (channel: number) => number) => number[]): number[] {
  const area = SIDE ** 2;
  return Array.from({ length: 3 }, (_, image) => {
    const pixel = (p: number) => rule((c) => dataset.test.image(image)[c * area + p]);
    const mixed = Array.from({ length: area }, (_, p) => pixel(p));
    return mixed[0].flatMap((_, c) => mixed.map((values) => values[c]));
  }).flat();
}

describe("fitted to data", () => {
  it("takes over another normalisation", () => {
    const dataset = data(3);
    expectClose(
      fittedAnswers(network(3, { moments: IMAGENET }), dataset),
      answers(
        network(3),
        planes(dataset, (at) => [0, 1, 2].map(at)),
        IMAGENET,
      ),
    );
  });

  it("sees gray images in all of its channels", () => {
    const dataset = data(1);
    const tripled = planes(dataset, (at) => [at(0), at(0), at(0)]);
    expectClose(fittedAnswers(network(3, { moments: IMAGENET }), dataset), answers(network(3), tripled, IMAGENET));
    const { mean, std } = dataset.moments;
    const same = { mean: [mean[0], mean[0], mean[0]], std: [std[0], std[0], std[0]] };
    expectClose(fittedAnswers(network(3), dataset), answers(network(3), tripled, same));
  });

  it("sees the luma of colour images where it knows gray ones", () => {
    const dataset = data(3);
    const moments = { mean: [0.3], std: [0.2] };
    const luma = planes(dataset, (at) => [0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2)]);
    expectClose(fittedAnswers(network(1, { moments }), dataset), answers(network(1), luma, moments));
  });

  it("answers in the data's order", () => {
    const [plain, moved] = [network(3), network(3, { classes: ["c", "a", "b"] })];
    const expected = fittedAnswers(plain, data(3)).map(([c, a, b]) => [a, b, c]);
    expectClose(fittedAnswers(moved, data(3)), expected);
  });

  it("answers with some of its classes, by name or by one of their names, and says which", () => {
    const [all, some] = [network(3, { classes: ["Great_Cat, tom", "b", "dog"] }), data(3, ["dog", "great cat"])];
    const expected = fittedAnswers(network(3), data(3)).map(([cat, , dog]) => [dog, cat]);
    expectClose(fittedAnswers(all, some), expected);
    expectClose(fittedAnswers(all, data(3, ["dog", "tom"])), expected);
    expect(adaptations(all, some)).toEqual(['Of the 3 classes of net these teach: dog, great cat (there "Great_Cat, tom").']);
    expect(() => assertAsItIs(all, some)).toThrow("net is not for just this data. Of the 3 classes");
    expect(adaptations(network(3, { classes: ["c", "a", "b"] }), data(3))).toEqual([]);
  });

  it("answers for a name that it has twice with the one whose number is said", () => {
    const cranes = (aliases: Record<string, string>) => network(3, { classes: ["crane", "m", "crane"], aliases });
    const expected = fittedAnswers(network(3), data(3)).map(([, m, machine]) => [machine, m]);
    expectClose(fittedAnswers(cranes({ crane: "#2" }), data(3, ["crane", "m"])), expected);
    expect(() => fitted(cranes({ crane: "#3" }), data(3, ["crane", "m"]))).toThrow("crane is missing");
    // A number is what a person says; data that calls a class so has a name, which this network does not know.
    expect(() => fitted(cranes({}), data(3, ["m", "#2"]))).toThrow("#2 is missing");
    const built = network(3, { classes: ["constructor", "m", "n"], aliases: { m: "n" } });
    expectClose(
      fittedAnswers(built, data(3, ["constructor"])),
      fittedAnswers(network(3), data(3)).map(([first]) => [first]),
    );
  });

  it("sees images enlarged to its own size, and says so", () => {
    const config = { ...CONFIG, channels: 3, image: 12 };
    const large = { ...network(3), config, weights: initViT(config, 5) };
    expect(fitted(large, data(3)).config.image).toBe(12);
    expect(adaptations(large, data(3))).toEqual(["net sees these images enlarged from 8 to 12 pixels."]);
    expect(() => assertAsItIs(large, data(3))).toThrow("enlarged from 8 to 12 pixels");
  });

  it("is refused for other classes or smaller images", () => {
    const named = (classes: string[]) => network(3, { classes });
    const refused = (net: Network, classes: string[]) => expect(() => fitted(net, data(3, classes)));
    refused(network(3), ["a", "b"]).toThrow("net knows 3 classes, whose names its file does not say; this data has 2.");
    refused(named(["a", "b", "x"]), ["a", "b", "c"]).toThrow("net does not know all of this data's classes: c is missing.");
    refused(named(["k", "l", "m"]), ["a", "b"]).toThrow("net knows none of this data's classes (a, b), only k, l, m.");
    refused(named(["crane, bird", "crane, machine", "m"]), ["crane", "m"]).toThrow(
      'net has several classes for "crane": "crane, bird" (#0), "crane, machine" (#1).',
    );
    refused(named(["crane", "m", "crane"]), ["crane", "m"]).toThrow(
      'net has several classes for "crane": "crane" (#0), "crane" (#2). Say which it is: aliases=crane:#0, or "crane: #0" among the classes that it calls otherwise.',
    );
    refused(named(["cat, tom", "b", "m"]), ["cat", "tom"]).toThrow('net has one class, "cat, tom", for two of this data\'s.');
    refused(network(3, { config: { ...CONFIG, channels: 3, classes: 0 } }), ["a"]).toThrow("net has no head, so it names no classes.");
    expect(() => fitted(network(3), { ...data(3), side: 12 })).toThrow(
      "net expects images of 8 pixels; this data has 12. Read the images at 8 pixels",
    );
  });
});

test("what is written is read again, with all that belongs to it", async () => {
  const dataset = data(3, ["a, b", "c", "d"]);
  const { weights, config } = network(3);
  const file = writeNetwork({ weights, config, score: 0.75 }, dataset);
  const read = await readNetwork(file, "n.safetensors");
  expect(read).toMatchObject({ name: "n.safetensors", config, classes: ["a, b", "c", "d"], score: 0.75 });
  expect([...read.weights].sort()).toEqual([...weights].sort());
  expect(read.moments!.mean).toEqual(dataset.moments.mean);
  expect((await readNetwork(file, "renamed")).id).toBe(read.id);
});

test("its eps is in its file, and what a person says a class is called is looked up", async () => {
  const { weights, config } = network(3);
  const file = writeNetwork({ weights, config: { ...config, eps: 1e-12 } }, data(3, ["tabby", "b", "c"]));
  expect((await readNetwork(file, "n")).config.eps).toBe(1e-12);
  const told = await readNetwork(file, "n", { aliases: { cat: "tabby" } });
  expect(fitted(told, data(3, ["c", "cat"])).classes).toEqual(["c", "cat"]);
  expect(adaptations(told, data(3, ["c", "cat"]))).toEqual(['Of the 3 classes of n these teach: c, cat (there "tabby").']);
});

test("heads follow from the usual width of one, or the reader asks for their number", async () => {
  const silent = writeSafetensors(network(3).weights);
  await expect(readNetwork(silent, "n")).rejects.toThrow("n does not say how many attention heads its blocks have. Give their number.");
  expect((await readNetwork(silent, "n", { heads: 4 })).config.heads).toBe(4);
  const wide = { ...CONFIG, channels: 3, width: 128, heads: 2, headDim: 64 };
  expect((await readNetwork(writeSafetensors(initViT(wide, 1)), "n")).config.heads).toBe(2);
});

test.skipIf(!hasShared)("a vit-pytorch file is read with its own eps and four heads of 64", async () => {
  const { config } = await readNetwork(sharedBytes("vit-mnist/vit_mnist_gpu/model.safetensors"), "mnist");
  expect(config).toMatchObject({ heads: 4, headDim: 64, eps: 1e-5, classes: 10, image: 28 });
});
