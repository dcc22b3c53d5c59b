import { describe, expect, test } from "vitest";
import { Graph, Live } from "../engine/graph";
import { Program } from "../engine/program";
import { uniform } from "../engine/random";
import { mixPairs, randAugment, randomErasing, randomResizedCrop, shiftAndMirror } from "./augment";
import {
  batch,
  by,
  channels,
  classes,
  cropCase,
  cropped64,
  crops64,
  erasingCase,
  erasures64,
  images,
  labels,
  levels,
  MOMENTS,
  mixedTargetsCase,
  mixPairsCase,
  plan64,
  randAugmentCase,
  shiftCase,
  side,
} from "./cases/augment";
import { check, compare, randoms, testEngine, upload } from "./check";

test("shiftAndMirror moves every image by its own draws", async () => {
  await check(await testEngine(), shiftCase(5, 2, 9));
});

test("a crop shows a window of at least its share of the area, enlarged", async () => {
  const [batch, side, least] = [40, 9, 0.3];
  const areas: number[] = [];
  await check(await testEngine(), {
    inputs: { images: { shape: [batch, 1, side, side] } },
    op: ({ images }) => shiftAndMirror(images, { seed: 3, step: 7 }, least),
    reference: ({ images }) => {
      const clamp = (v: number) => Math.min(side - 1, Math.max(0, v));
      const out = images.map((_, i) => {
        const b = Math.floor(i / side / side);
        const [dx, dy, mirror] = [0, 1, 2].map((j) => uniform(3, 0x300, 7, 3 * b + j));
        const [area, shape, cx, cy] = [0, 1, 2, 3].map((j) => uniform(3, 0x302, 7, 4 * b + j));
        const ratio = (3 / 4) ** (1 - 2 * shape);
        const wide = Math.min(1, Math.sqrt((least + (1 - least) * area) * ratio));
        const high = Math.min(1, Math.sqrt((least + (1 - least) * area) / ratio));
        if (i % (side * side) === 0) areas.push(wide * high);
        const col = clamp((mirror < 0.5 ? side - 1 - (i % side) : i % side) + Math.floor(dx * 3) - 1);
        const row = clamp((Math.floor(i / side) % side) + Math.floor(dy * 3) - 1);
        const x = clamp((1 - wide) * cx * side + (col + 0.5) * wide - 0.5);
        const y = clamp((1 - high) * cy * side + (row + 0.5) * high - 0.5);
        const [x0, y0] = [Math.floor(x), Math.floor(y)];
        const at = (a: number, c: number) => images[b * side * side + Math.min(side - 1, y0 + c) * side + Math.min(side - 1, x0 + a)];
        const line = (c: number) => at(0, c) + (x - x0) * (at(1, c) - at(0, c));
        return line(0) + (y - y0) * (line(1) - line(0));
      });
      return [out];
    },
  });
  expect(Math.min(...areas)).toBeGreaterThan(0.8 * least);
  expect(Math.max(...areas)).toBeLessThanOrEqual(1);
});

describe("randomResizedCrop", () => {
  test.each([
    { batch: 40, channels: 1, side: 9, least: 0.08, shape: 4 / 3 },
    { batch: 12, channels: 3, side: 8, least: 0.9, shape: 2 },
  ])(
    "of $batch images $channels x $side x $side shows a window of whole pixels, enlarged",
    async ({ batch, channels, side, least, shape }) => {
      const windows = crops64(batch, side, { least, most: 1, shape });
      await check(await testEngine(), cropCase({ batch, channels, side, least, shape }));
      expect(new Set(windows.map(({ wide }) => wide)).size).toBeGreaterThan(1);
      expect(new Set(windows.map(({ high }) => high)).size).toBeGreaterThan(1);
      // Ten attempts are not enough for every image where few windows fit.
      expect(windows.some(({ fitted }) => !fitted)).toBe(least === 0.9);
    },
  );

  test("several small crops of each image, of at most 40 % of its area: each has a window of its own", async () => {
    const [batch, copies, side, out] = [5, 4, 10, 4];
    const windows = crops64(copies * batch, side, { least: 0.05, most: 0.4, shape: 4 / 3 }, 0x77);
    const options = { seed: 3, step: 7, least: 0.05, most: 0.4, side: out, copies, stream: 0x77 };
    await check(await testEngine(), {
      inputs: { images: { shape: [batch, 3, side, side] } },
      op: ({ images }) => randomResizedCrop(images, options),
      reference: ({ images }) => [cropped64(images, windows, 3, side, out)],
    });
    expect(Math.max(...windows.map(({ wide, high }) => wide * high))).toBeLessThan(0.5 * side * side);
    expect(new Set(windows.map((window) => JSON.stringify(window))).size).toBeGreaterThan(copies * batch - 3);
  });

  test("with windows of the whole area and square changes nothing but mirrors half of the images", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const images = randoms(64 * 25, 2);
    const given = graph.fixed(upload(engine, images, "f32"), [64, 1, 5, 5]);
    const out = randomResizedCrop(given, { seed: 1, step: 0, least: 1, shape: 1 });
    const found = (await (await Program.compile(graph, { out })).fetch()).out;
    const mirrors = Array.from({ length: 64 }, (_, b) => {
      const same = (col: (c: number) => number) =>
        Array.from({ length: 25 }, (_, i) => found[25 * b + i] === images[25 * b + i - (i % 5) + col(i % 5)]).every(Boolean);
      expect(same((c) => c) !== same((c) => 4 - c)).toBe(true);
      return same((c) => 4 - c);
    });
    expect(Math.abs(mirrors.filter(Boolean).length - 32)).toBeLessThan(17);
  });
});

describe("randomErasing", () => {
  test.each([
    { batch: 50, channels: 3, side: 8 },
    { batch: 21, channels: 1, side: 7 },
  ])("of $batch images $channels x $side x $side puts normal noise into the windows drawn", async ({ batch, channels, side }) => {
    await check(await testEngine(), erasingCase({ batch, channels, side }));
    const erased = erasures64(batch, side)
      .map(({ wide, high }) => wide * high)
      .filter((area) => area > 0);
    expect(erased.length / batch).toBeGreaterThan(0.2);
    expect(erased.length / batch).toBeLessThan(0.7);
    expect(Math.max(...erased) / side ** 2).toBeGreaterThan(0.2);
  });

  test("erases a quarter of the images by default, with noise of mean 0 and variance 1; at 0 changes no bit", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const probability = new Live(0.25);
    const given = graph.fixed(upload(engine, new Float32Array(400 * 64).fill(9), "f32"), [400, 1, 8, 8]);
    const program = await Program.compile(graph, {
      usual: randomErasing(given, { seed: 1, step: 0 }),
      told: randomErasing(given, { seed: 1, step: 0, probability }),
    });
    const { usual, told } = await program.fetch();
    expect(told).toEqual(usual);
    const noise = [...usual].filter((v) => v !== 9);
    const met = Array.from({ length: 400 }, (_, b) => usual.subarray(64 * b, 64 * b + 64).some((v: number) => v !== 9)).filter(Boolean);
    expect(Math.abs(met.length - 100)).toBeLessThan(35);
    const mean = noise.reduce((a, v) => a + v, 0) / noise.length;
    const variance = noise.reduce((a, v) => a + (v - mean) ** 2, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(noise.length));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / noise.length));
    probability.value = 0;
    expect((await program.fetch()).told).toEqual(new Float32Array(400 * 64).fill(9));
  });
});

describe("randAugment", () => {
  test.each([
    { operations: "basic" as const, batch: 64, channels: 3, side: 7, magnitude: 9 },
    { operations: "basic" as const, batch: 70, channels: 1, side: 6, magnitude: 4 },
    { operations: "full" as const, batch: 60, channels: 3, side: 24, magnitude: 9 },
    { operations: "full" as const, batch: 70, channels: 1, side: 6, magnitude: 4 },
  ])("$operations, of $batch images, $channels x $side x $side, magnitude $magnitude", async ({ operations, magnitude, ...shape }) => {
    const met = new Set<number>();
    await check(await testEngine(), randAugmentCase(operations, magnitude, shape, met));
    expect(met.size).toBe(operations === "full" ? 15 : 11);
  });

  test.each(["basic", "full"] as const)(
    "%s changes no bit at magnitude 0, and by the same draws the same bits again",
    async (operations) => {
      const engine = await testEngine();
      const shape = { batch: 16, channels: 3, side: 8 };
      const graph = new Graph(engine);
      const magnitude = new Live(0);
      const given = graph.fixed(upload(engine, levels(shape), "f32"), [16, 3, 8, 8]);
      const images = randAugment(given, { seed: 1, step: 4, magnitude, moments: MOMENTS, operations });
      const program = await Program.compile(graph, { images, given });
      const none = await program.fetch();
      expect(none.images).toEqual(none.given);
      magnitude.value = 9;
      const [once, twice] = [await program.fetch(), await program.fetch()];
      expect(once.images).not.toEqual(once.given);
      expect(twice.images).toEqual(once.images);
    },
  );
});

describe("mixPairs", () => {
  async function mixed() {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const knobs = { step: new Live(0), mixup: new Live(0.8), cutmix: new Live(1), smoothing: new Live(0) };
    const given = graph.fixed(upload(engine, images, "f32"), [batch, channels, side, side]);
    const result = mixPairs(given, graph.fixed(upload(engine, labels, "u32"), [batch], "u32"), { seed: 2, classes, ...knobs });
    return { knobs, program: await Program.compile(graph, result), pipelines: () => engine.pipelineCount };
  }

  test("draws shares and boxes by their formula, and mixes images and targets by them", async () => {
    const { knobs, program, pipelines } = await mixed();
    const made = pipelines();
    for (const [step, mixup, cutmix, smoothing] of [
      [0, 0.8, 1, 0],
      [1, 0.8, 0, 0.1],
      [2, 0, 1, 0.3],
      [3, 0, 0, 0],
      [4, 0.2, 2, 0],
    ]) {
      for (const [key, value] of Object.entries({ step, mixup, cutmix, smoothing })) knobs[key as "step"].value = value;
      const found = await program.fetch();
      compare("plan", found.plan, plan64(step, mixup, cutmix), 1e-4);
      const { pixels, targets } = by(found.plan as Float32Array, smoothing);
      compare("images", found.images, pixels, 1e-6);
      compare("targets", found.targets, targets, 1e-6);
      for (let b = 0; b < batch; b++) {
        let sum = 0;
        for (let c = 0; c < classes; c++) sum += found.targets[b * classes + c];
        expect(Math.abs(sum - 1)).toBeLessThan(1e-6);
      }
    }
    expect(pipelines()).toBe(made);
  });

  test("images and targets of one step", async () => {
    await check(await testEngine(), mixPairsCase());
  });

  test("with both off changes no bit; the same draws give the same bits", async () => {
    const { knobs, program } = await mixed();
    const [once, twice] = [await program.fetch(), await program.fetch()];
    expect(twice).toEqual(once);
    knobs.step.value = 1;
    expect((await program.fetch()).plan).not.toEqual(once.plan);
    knobs.mixup.value = knobs.cutmix.value = 0;
    const none = await program.fetch();
    expect([...none.images]).toEqual([...images]);
    expect(none.targets.filter((t: number) => t !== 0)).toEqual(new Float32Array(batch).fill(1));
  });

  test("draws shares with the mean and variance of the beta distribution", async () => {
    const { knobs, program } = await mixed();
    knobs.cutmix.value = 0;
    const shares: number[] = [];
    for (; knobs.step.value < 20; knobs.step.value++) {
      const { plan } = await program.fetch();
      for (let b = 0; b < batch; b++) shares.push(plan[6 * b]);
    }
    const mean = shares.reduce((s, v) => s + v) / shares.length;
    const variance = shares.reduce((s, v) => s + (v - mean) ** 2, 0) / shares.length;
    const expected = 1 / (4 * (2 * 0.8 + 1));
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(expected / shares.length));
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.12);
  });

  test("cross entropy of mixed targets, and its gradient, are those of float64", async () => {
    await check(await testEngine(), mixedTargetsCase());
  });
});
