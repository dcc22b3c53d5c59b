import { expect, test } from "vitest";
import { channelMoments, packed, type Split } from "./dataset";
import { shapeScenesOfId } from "./scenes.id";
import { shapeScene, shapeScenes } from "./scenes.shapes";

const SIDE = 32;
const CLASSES = 12;
const chance = 1 / CLASSES;

const data = shapeScenes({ train: 4008, test: 2004, seed: 1 });

const indices = ({ count }: Split) => Array.from({ length: count }, (_, i) => i);

/** Share of held-out pictures that the nearest class mean of what `describe` tells of a picture names right. */
function nearestCentroid(describe: (split: Split, index: number) => Float64Array): number {
  const length = describe(data.train, 0).length;
  const means = Array.from({ length: CLASSES }, () => new Float64Array(length));
  for (const i of indices(data.train)) {
    const mean = means[data.train.label(i)];
    for (const [at, value] of describe(data.train, i).entries()) mean[at] += (value * CLASSES) / data.train.count;
  }
  const right = indices(data.test).filter((i) => {
    const own = describe(data.test, i);
    const distances = means.map((mean) => mean.reduce((sum, m, at) => sum + (m - own[at]) ** 2, 0));
    return distances.indexOf(Math.min(...distances)) === data.test.label(i);
  });
  return right.length / data.test.count;
}

/** How much of a picture's colour has each of 24 hues. */
function hues(split: Split, index: number): Float64Array {
  const image = split.image(index);
  const histogram = new Float64Array(24);
  for (let i = 0; i < SIDE ** 2; i++) {
    const [r, g, b] = [image[i], image[SIDE ** 2 + i], image[2 * SIDE ** 2 + i]];
    const turn = Math.atan2(Math.sqrt(3) * (g - b), 2 * r - g - b) / (2 * Math.PI) + 0.5;
    histogram[Math.floor(23.999 * turn)] += (Math.max(r, g, b) - Math.min(r, g, b)) / 255 / SIDE ** 2;
  }
  return histogram;
}

/** In which of 8 x 8 fields the middle of the object's box lies. */
function place(split: Split, index: number): Float64Array {
  const [x, y, w, h] = shapeScene(1, split === data.train ? "train" : "test", index).box;
  const fields = new Float64Array(64);
  fields[8 * Math.floor((y + h / 2) / 4) + Math.floor((x + w / 2) / 4)] = 1;
  return fields;
}

/** How often each of 8 x 8 x 8 colours occurs. */
function palette(split: Split, index: number): Float64Array {
  const image = split.image(index);
  const histogram = new Float64Array(512);
  const level = (at: number) => image[at] >> 5;
  for (let i = 0; i < SIDE ** 2; i++) histogram[64 * level(i) + 8 * level(SIDE ** 2 + i) + level(2 * SIDE ** 2 + i)] += 1 / SIDE ** 2;
  return histogram;
}

test.each([
  ["pixels", (split: Split, index: number) => Float64Array.from(split.image(index), (v) => v / 255)],
  ["hues", hues],
  ["colours", palette],
  ["the object's place", place],
])("%s say nothing of the class: at most 3 points above chance on 2,004 held-out pictures", (_, describe) => {
  const found = nearestCentroid(describe);
  expect(found).toBeLessThan(chance + 0.03);
});

/** Patches of 4 x 4 pixels of which the object covers a quarter or more. */
function covered(object: Uint8Array): number {
  const counts = new Uint8Array(64);
  for (const [i, on] of object.entries()) counts[8 * Math.floor(i / SIDE / 4) + Math.floor((i % SIDE) / 4)] += on;
  return counts.filter((count) => count >= 4).length / 64;
}

test("the object is known, and covers 15 to 32 % of the patches in every picture, alike in every class", () => {
  const { test: split } = data;
  const shares = indices(split).map((i) => covered(split.object!(i)));
  expect(Math.min(...shares)).toBeGreaterThan(0.15);
  expect(Math.max(...shares)).toBeLessThan(0.32);
  for (let label = 0; label < CLASSES; label++) {
    const pixels = indices(split).flatMap((i) => (split.label(i) === label ? [split.object!(i).reduce((a, b) => a + b) / SIDE ** 2] : []));
    expect(pixels.reduce((a, b) => a + b) / pixels.length).toBeCloseTo(0.155, 1);
  }
});

test("a picture is a function of seed, split and index, and larger at another size", () => {
  expect(shapeScene(3, "train", 17)).toEqual(shapeScene(3, "train", 17));
  for (const other of [shapeScene(4, "train", 17), shapeScene(3, "test", 17), shapeScene(3, "train", 29)]) {
    expect(other.label).toBe(shapeScene(3, "train", 17).label);
    expect(other.image).not.toEqual(shapeScene(3, "train", 17).image);
  }
  const [small, large] = [shapeScene(5, "test", 8, 32).box, shapeScene(5, "test", 8, 96).box];
  for (const i of [0, 1, 2, 3]) expect(Math.abs(large[i] / 3 - small[i])).toBeLessThan(1.5);
});

test("the set is made again from its id", () => {
  const made = shapeScenes({ side: 8, train: 24, test: 12, seed: 7 });
  const again = shapeScenes(shapeScenesOfId(made.id)!);
  expect(packed(again)).toEqual(packed(made));
  expect(again.id).toBe(made.id);
  for (const id of ["scenes-32-4-2-1", "scenes-detection-128-4-2-1"]) expect(shapeScenesOfId(id)).toBeUndefined();
});

test("the set has the mean and deviation it says, at another size too", () => {
  const { train, moments } = shapeScenes({ side: 48, train: 600, test: 1, seed: 2 });
  const found = channelMoments(packed({ ...data, side: 48, train, test: train }).train, 3);
  for (const c of [0, 1, 2]) {
    expect(Math.abs(moments.mean[c] - found.mean[c])).toBeLessThan(0.03);
    expect(Math.abs(moments.std[c] - found.std[c])).toBeLessThan(0.01);
  }
});
