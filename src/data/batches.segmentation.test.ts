import { describe, expect, it } from "vitest";
import { SegmentationBatches } from "./batches.segmentation";
import { jitter, jitteredImage, jitteredLabels, STILL } from "./jitter";
import { segmentationScenes } from "./scenes.segmentation";
import { IGNORE, type SegmentationSet } from "./segmentation";

const SIDE = 16;
/** Each label is a colour of its own, so that a picture tells what its mask must be. */
const COLOURS = [30, 90, 150, 210];

/** Pictures of two halves: left of a line one class, right of it another. */
function halves(count: number): SegmentationSet {
  const labels = (index: number) =>
    Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE < 5 + index ? index % 4 : (index + 1) % 4));
  const image = (index: number) => {
    const plane = labels(index).map((label) => COLOURS[label]);
    return Uint8Array.from([...plane, ...plane, ...plane]);
  };
  const split = { count, image, labels };
  const moments = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] };
  return {
    id: "halves",
    name: "Halves",
    side: SIDE,
    channels: 3,
    classes: ["a", "b", "c", "d"],
    palette: [],
    moments,
    train: split,
    test: split,
  };
}

const colourOf = (value: number) => 255 * (value * 0.2 + 0.5);

describe("batches", () => {
  const data = halves(6);

  it("are pure functions of seed and step, whatever was read before", () => {
    const batches = new SegmentationBatches(data, 4, 7);
    const third = batches.train.take(3);
    batches.train.prepare(1);
    batches.train.take(1);
    expect(new SegmentationBatches(data, 4, 7).train.take(3)).toEqual(third);
    expect(new SegmentationBatches(data, 4, 8).train.take(3)).not.toEqual(third);
    expect(third.images).toHaveLength(4 * 3 * SIDE * SIDE);
    expect(third.labels).toHaveLength(4 * SIDE * SIDE);
  });

  it("normalise each channel and leave held-out images as they are", () => {
    const { images, labels } = new SegmentationBatches(data, 4, 7).load(data.test, [2, 0]);
    expect([...labels.subarray(0, SIDE * SIDE)]).toEqual([...data.test.labels(2)]);
    const area = SIDE * SIDE;
    for (const [c, { mean, std }] of [0, 1, 2].map((c) => [c, { mean: data.moments.mean[c], std: data.moments.std[c] }] as const))
      expect(images[c * area]).toBeCloseTo((COLOURS[2] / 255 - mean) / std, 5);
    expect(new SegmentationBatches(data, 2, 1, false).train.take(0).labels).not.toContain(IGNORE);
  });

  it("take every image once per epoch", () => {
    const batches = new SegmentationBatches(data, 2, 3, false);
    const seen = [0, 1, 2].flatMap((step) => {
      const { labels } = batches.train.take(step);
      // Where the two halves meet tells the pictures apart.
      return [0, 1].map((i) => labels.subarray(i * SIDE * SIDE, i * SIDE * SIDE + SIDE).lastIndexOf(labels[i * SIDE * SIDE]));
    });
    expect(seen.sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it("move a mask with its picture: same flip, same window, nothing where there is no picture", () => {
    // Without light, a pixel of the colour of a class is of that class; those between two colours are left out.
    const lit = { contrast: 1, brightness: 0, tint: [1, 1, 1] as [number, number, number] };
    const area = SIDE * SIDE;
    let [outside, sure] = [0, 0];
    for (let step = 0; step < 8; step++) {
      const how = { ...jitter(5, step, 0, SIDE), ...lit };
      const { images, labels } = moved(data, step % 6, how);
      for (let i = 0; i < area; i++) {
        if (labels[i] === IGNORE) {
          outside++;
          expect([images[i], images[i + area], images[i + 2 * area]]).toEqual([0, 0, 0]);
          continue;
        }
        const known = COLOURS.findIndex((colour) => Math.abs(colour - colourOf(images[i])) < 0.01);
        if (known < 0) continue;
        sure++;
        expect(labels[i]).toBe(known);
      }
    }
    expect(outside).toBeGreaterThan(100);
    expect(sure).toBeGreaterThan(1000);
  });
});

/** A picture and its mask, moved alike. */
function moved({ train, moments }: SegmentationSet, index: number, how: typeof STILL) {
  const images = new Float32Array(3 * SIDE * SIDE);
  const labels = new Uint32Array(SIDE * SIDE);
  jitteredImage(train.image(index), SIDE, moments, how, images, true);
  jitteredLabels(train.labels(index), SIDE, how, IGNORE, labels);
  return { images, labels };
}

describe("labels", () => {
  const labels = Uint8Array.of(0, 1, 2, 3);
  const seen = (how: Partial<typeof STILL>) => {
    const out = new Uint32Array(4);
    jitteredLabels(labels, 2, { ...STILL, ...how }, IGNORE, out);
    return [...out];
  };

  it("stay, are mirrored, enlarged and shrunk by hand-counted pixels", () => {
    expect(seen({})).toEqual([0, 1, 2, 3]);
    expect(seen({ flip: true })).toEqual([1, 0, 3, 2]);
    expect(seen({ zoom: 2, left: 1, top: 0 })).toEqual([1, 1, 1, 1]);
    expect(seen({ zoom: 0.5, left: 0, top: 0 })).toEqual([3, IGNORE, IGNORE, IGNORE]);
    expect(seen({ left: 1 })).toEqual([1, IGNORE, 3, IGNORE]);
  });
});

it("of Scenes-Segmentation at 64 pixels keep known classes only", () => {
  const data = segmentationScenes({ train: 40, test: 4, seed: 3 });
  const { labels } = new SegmentationBatches(data, 16, 1).train.take(0);
  expect([...new Set(labels)].filter((label) => label >= data.classes.length)).toEqual([IGNORE]);
});
