import { describe, expect, it } from "vitest";
import type { Box, GroundTruth } from "../geometry/boxes";
import { DetectionBatches } from "./batches.detection";
import { jitter, jitteredImage, jitteredTruths, STILL } from "./jitter";
import { detectionScenes } from "./scenes.detection";

const SIDE = 48;
const MOMENTS = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] };

/** A black image with a white box. */
function boxImage([x1, y1, x2, y2]: Box): Uint8Array {
  return Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => {
    const x = Math.floor(i / 3) % SIDE;
    const y = Math.floor(i / 3 / SIDE);
    return x >= x1 && x < x2 && y >= y1 && y < y2 ? 255 : 0;
  });
}

/** The smallest box around what is brighter than grey. */
function bright(values: Float32Array, moments: typeof MOMENTS): Box {
  const on = Array.from({ length: SIDE * SIDE }, (_, i) => i).filter((i) => values[3 * i] * moments.std[0] + moments.mean[0] > 0.5);
  const x = on.map((i) => i % SIDE);
  const y = on.map((i) => Math.floor(i / SIDE));
  return [Math.min(...x), Math.min(...y), Math.max(...x) + 1, Math.max(...y) + 1];
}

describe("jitter", () => {
  it("is a function of seed, step and index, and differs between them", () => {
    expect(jitter(1, 2, 3, SIDE)).toEqual(jitter(1, 2, 3, SIDE));
    const all = [jitter(1, 2, 3, SIDE), jitter(2, 2, 3, SIDE), jitter(1, 3, 3, SIDE), jitter(1, 2, 4, SIDE)];
    expect(new Set(all.map(({ zoom }) => zoom)).size).toBe(4);
  });

  it("moves boxes with what is in them", () => {
    // Without light, so that white stays white; the mean is black, so that what lies outside is no brighter.
    const moments = { ...MOMENTS, mean: [0, 0, 0] };
    let seen = 0;
    for (let index = 0; index < 200; index++) {
      const box: Box = [5 + (index % 7), 20, 17, 38 + (index % 5)];
      const drawn = { ...jitter(5, 0, index, SIDE), contrast: 1, brightness: 0, tint: STILL.tint };
      const out = new Float32Array(3 * SIDE * SIDE);
      jitteredImage(boxImage(box), SIDE, moments, drawn, out);
      for (const truth of jitteredTruths([{ category: 3, box }], drawn, SIDE)) {
        seen++;
        expect(truth.category).toBe(3);
        for (const [i, edge] of bright(out, moments).entries()) expect(Math.abs(edge - truth.box[i])).toBeLessThan(1);
      }
    }
    expect(seen).toBeGreaterThan(150);
  });

  it("clips boxes, and drops those of which too little remains", () => {
    const half = { ...STILL, left: 10 };
    const at = (x1: number, x2: number, more = {}): GroundTruth => ({ category: 1, box: [x1, 5, x2, 15], ...more });
    expect(jitteredTruths([at(4, 20)], half, SIDE)).toEqual([{ category: 1, box: [0, 5, 10, 15] }]);
    expect(jitteredTruths([at(0, 12), at(2, 10), at(0, 10), at(8, 11)], half, SIDE)).toEqual([]);
    expect(jitteredTruths([at(0, 12, { crowd: true }), at(0, 10, { crowd: true })], half, SIDE)).toEqual([
      { category: 1, box: [0, 5, 2, 15], crowd: true },
    ]);
    expect(jitteredTruths([at(20, 30, { area: 7, difficult: true })], { ...half, flip: true }, SIDE)).toEqual([
      { category: 1, box: [SIDE - 20, 5, SIDE - 10, 15], difficult: true },
    ]);
  });

  it("changes light by contrast, brightness and tint, and leaves what is outside at the mean", () => {
    const image = new Uint8Array(3 * SIDE * SIDE).fill(102);
    const out = new Float32Array(image.length);
    jitteredImage(image, SIDE, MOMENTS, { ...STILL, zoom: 0.5, left: -SIDE, contrast: 1.5, brightness: 0.1, tint: [1, 2, 0.5] }, out);
    expect([...out.subarray(0, 3)]).toEqual([0, 0, 0]);
    const inside = 3 * (SIDE - 1);
    const value = 0.5 + 1.5 * (0.4 - 0.5) + 0.1;
    for (const c of [0, 1, 2]) {
      expect(out[inside + c]).toBeCloseTo((value * [1, 2, 0.5][c] - MOMENTS.mean[c]) / MOMENTS.std[c], 5);
    }
  });
});

describe("DetectionBatches", () => {
  const data = detectionScenes({ side: SIDE, train: 20, test: 8, seed: 3 });

  it("normalises images that are only looked at, and leaves their boxes", () => {
    const { images, truths } = new DetectionBatches(data, 4, 1).load(data.test, [5, 2]);
    expect(images.length).toBe(2 * 3 * SIDE * SIDE);
    expect(truths).toEqual([data.test.truths(5), data.test.truths(2)]);
    const source = data.test.image(2);
    const { mean, std } = data.moments;
    for (let i = 0; i < source.length; i += 97) {
      expect(images[source.length + i]).toBeCloseTo((source[i] / 255 - mean[i % 3]) / std[i % 3], 4);
    }
  });

  it("visits every image once per epoch, and augments as a function of seed and step", () => {
    const batches = () => new DetectionBatches(data, 5, 1);
    const still = new DetectionBatches(data, 5, 1, false);
    const objects = (step: number) => still.train.take(step).truths.map((truths) => JSON.stringify(truths));
    const first = [0, 1, 2, 3].flatMap(objects);
    expect(new Set(first).size).toBe(20);
    expect(first.toSorted()).toEqual([4, 5, 6, 7].flatMap(objects).toSorted());
    expect(batches().train.take(7)).toEqual(batches().train.take(7));
    expect(batches().train.take(7).images).not.toEqual(new DetectionBatches(data, 5, 2).train.take(7).images);
    expect(batches().train.take(0).images).not.toEqual(still.train.take(0).images);
  });
});
