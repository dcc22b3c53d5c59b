import { describe, expect, it } from "vitest";
import { channelMoments, packed } from "./dataset";
import { SCENE_CLASSES, scene, scenes } from "./scenes";
import { scenesOfId } from "./scenes.id";
import { SHAPES } from "./shapes";

describe("scene", () => {
  it("is a function of seed, split and index", () => {
    expect(scene(3, "train", 17)).toEqual(scene(3, "train", 17));
    for (const other of [scene(4, "train", 17), scene(3, "test", 17), scene(3, "train", 29)]) {
      expect(other.label).toBe(scene(3, "train", 17).label);
      expect(other.image).not.toEqual(scene(3, "train", 17).image);
    }
  });

  it("shows an object, of 1 to 60 % of the picture, whose mask fills its box to the edges", () => {
    for (let index = 0; index < 240; index++) {
      const { object, box } = scene(1, "train", index);
      const [x, y, w, h] = box;
      const on = Array.from(object.keys()).filter((i) => object[i]);
      expect(on.length).toBeGreaterThan(0.01 * 32 * 32);
      expect(on.length).toBeLessThan(0.6 * 32 * 32);
      const columns = on.map((i) => i % 32);
      const rows = on.map((i) => Math.floor(i / 32));
      expect([Math.min(...columns), Math.max(...columns), Math.min(...rows), Math.max(...rows)]).toEqual([x, x + w - 1, y, y + h - 1]);
    }
  });

  it("paints the object apart from what surrounds it", () => {
    // Over many pictures, the mean colour under the mask differs from that of the rest by clearly more than the noise.
    const distances = Array.from({ length: 120 }, (_, index) => {
      const { image, object } = scene(2, "train", index);
      return Math.hypot(...[0, 1, 2].map((c) => contrast(image.subarray(c * 1024, (c + 1) * 1024), object)));
    });
    expect(distances.filter((d) => d > 40).length).toBeGreaterThan(110);
  });

  it("keeps the same picture, larger, at another size", () => {
    const small = scene(5, "test", 8, 32).box;
    const large = scene(5, "test", 8, 96).box;
    for (const i of [0, 1, 2, 3]) expect(Math.abs(large[i] / 3 - small[i])).toBeLessThan(1.5);
  });
});

describe("scenes", () => {
  it("is a balanced data set of the same pictures, with masks", () => {
    const data = scenes({ train: 36, test: 24, seed: 9 });
    expect([data.side, data.channels, data.classes.length]).toEqual([32, 3, 12]);
    expect(data.classes).toBe(SCENE_CLASSES);
    for (const [name, split, count] of [["train", data.train, 36] as const, ["test", data.test, 24] as const]) {
      expect(split.count).toBe(count);
      const labels = Array.from({ length: count }, (_, i) => split.label(i));
      for (let label = 0; label < 12; label++) expect(labels.filter((l) => l === label)).toHaveLength(count / 12);
      const one = scene(9, name, 13);
      expect(split.image(13)).toEqual(one.image);
      expect(split.object!(13)).toEqual(one.object);
      expect(split.label(13)).toBe(one.label);
    }
  });

  it("has the mean and deviation it says, at any size", () => {
    for (const side of [32, 48]) {
      const data = scenes({ side, train: 1200, test: 1, seed: 2 });
      const moments = channelMoments(packed(data).train, 3);
      for (const c of [0, 1, 2]) {
        expect(data.moments.mean[c]).toBeCloseTo(moments.mean[c], 1);
        expect(data.moments.std[c]).toBeCloseTo(moments.std[c], 2);
      }
    }
  });

  it("is made again from its id", () => {
    const made = scenes({ side: 8, train: 24, test: 12, seed: 7 });
    const again = scenes(scenesOfId(made.id)!);
    expect(packed(again)).toEqual(packed(made));
    expect(again.id).toBe(made.id);
    expect(scenesOfId("files-0123456789abcdef")).toBeUndefined();
  });
});

describe("shapes", () => {
  it.each(SHAPES)("$name: never overstates the distance and stays near the unit circle", ({ make }) => {
    const shape = make((low, high) => (low + high) / 2);
    const h = 1 / 32;
    let steepest = 0;
    let nearestOutside = Infinity;
    for (let x = -1.5; x < 1.5; x += h) {
      for (let y = -1.5; y < 1.5; y += h) {
        const here = shape(x, y);
        steepest = Math.max(steepest, Math.abs(shape(x + h, y) - here) / h, Math.abs(shape(x, y + h) - here) / h);
        if (Math.hypot(x, y) > 1.2) nearestOutside = Math.min(nearestOutside, here);
      }
    }
    expect(steepest).toBeLessThan(1 + 1e-9);
    expect(nearestOutside).toBeGreaterThan(0);
  });
});

function contrast(plane: Uint8Array, object: Uint8Array): number {
  const mean = (on: number) => {
    const values = plane.filter((_, i) => object[i] === on);
    return values.reduce((sum, v) => sum + v, 0) / values.length;
  };
  return mean(1) - mean(0);
}
