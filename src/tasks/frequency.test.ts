import { expect, test } from "vitest";
import type { Weights } from "../models/weights";
import { FrequencyCount, objectShares } from "./frequency";

const PATCHES = 6;

/** k different patches of each image, by a small generator. */
function choice(images: number, k: number, seed: number): Uint32Array {
  return Uint32Array.from({ length: images * k }, (_, at) => (Math.floor(at / k) * seed + seed + (at % k)) % PATCHES);
}

function counted(steps = 40): FrequencyCount {
  const count = new FrequencyCount(PATCHES, 3, steps);
  for (let step = 1; step <= steps; step++) {
    count.add(choice(5, 2, step), step, 5);
    if (count.due(step)) count.addLook(choice(3, 2, step + 1), step);
  }
  return count;
}

test("frequencies sum to k at every stage, over positions and within each watched image", () => {
  for (const { positions, watched } of counted().report().stages) {
    expect(positions.counts.reduce((a, b) => a + b) / positions.images).toBe(2);
    const looks = watched.images / 3;
    for (let image = 0; image < 3; image++) {
      const own = watched.counts.subarray(image * PATCHES, (image + 1) * PATCHES);
      expect(own.reduce((a, b) => a + b) / looks).toBe(2);
    }
  }
});

test("stages end at 5 %, half and the end of the run", () => {
  const images = counted(40)
    .report()
    .stages.map(({ positions }) => positions.images / 5);
  expect(images).toEqual([2, 18, 20]);
});

test("watched images are counted at most a hundred times", () => {
  const looks = (steps: number) =>
    Array.from({ length: steps }, (_, i) => i + 1).filter((s) => new FrequencyCount(1, 1, steps).due(s)).length;
  expect([looks(7), looks(100), looks(250), looks(10_000)]).toEqual([7, 100, 83, 100]);
});

test("counts saved halfway continue as if nothing had happened, also beyond what single precision counts", () => {
  const whole = counted();
  const saved: Weights = new Map();
  whole.store(saved);
  const resumed = new FrequencyCount(PATCHES, 3, 40);
  resumed.recall(saved);
  expect(resumed.report()).toEqual(whole.report());
  for (const count of [whole, resumed]) count.add(choice(5, 3, 9), 40, 5);
  expect(resumed.report()).toEqual(whole.report());

  const large = new FrequencyCount(1, 1, 10);
  const { positions } = large.report().stages[2];
  positions.counts[0] = 2 ** 30 + 1;
  large.store(saved);
  const again = new FrequencyCount(1, 1, 10);
  again.recall(saved);
  expect(again.report().stages[2].positions.counts[0]).toBe(2 ** 30 + 1);
});

test("counts of another patch grid are not taken over", () => {
  const saved: Weights = new Map();
  counted().store(saved);
  const other = new FrequencyCount(PATCHES + 3, 3, 40);
  other.recall(saved);
  expect(other.report().stages.every(({ positions, watched }) => positions.images + watched.images === 0)).toBe(true);
});

test("an object's shares are where it is, and one in all", () => {
  // Two images of 4 x 4 pixels, 2 x 2 patches: a corner pixel, and a column.
  const objects = [new Uint8Array(16), new Uint8Array(16)];
  objects[0][0] = 1;
  for (let y = 0; y < 4; y++) objects[1][4 * y + 3] = 1;
  expect([...objectShares(objects, [4, 4], [2, 2])]).toEqual([1, 0, 0, 0, 0, 0.5, 0, 0.5]);
});
