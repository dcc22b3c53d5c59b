import { describe, expect, test } from "vitest";
import { Graph, Live, Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { uniform } from "../engine/random";
import { mixPairs, randAugment, shiftAndMirror } from "./augment";
import { check, compare, randoms, testEngine, upload } from "./check";
import { crossEntropy } from "./losses";
import { logSoftmax64 } from "./softmax.fixture";

test("shiftAndMirror moves every image by its own draws", async () => {
  const [batch, channels, side] = [5, 2, 9];
  await check(await testEngine(), {
    inputs: { images: { shape: [batch, channels, side, side] } },
    op: ({ images }) => shiftAndMirror(images, { seed: 3, step: 7 }),
    reference: ({ images }) => {
      const clamp = (v: number) => Math.min(side - 1, Math.max(0, v));
      const out = images.map((_, i) => {
        const image = Math.floor(i / side / side / channels);
        const [dx, dy, mirror] = [0, 1, 2].map((j) => uniform(3, 0x300, 7, 3 * image + j));
        const col = mirror < 0.5 ? side - 1 - (i % side) : i % side;
        const row = Math.floor(i / side) % side;
        const plane = Math.floor(i / side / side) * side * side;
        return images[plane + clamp(row + Math.floor(dy * 3) - 1) * side + clamp(col + Math.floor(dx * 3) - 1)];
      });
      return [out];
    },
  });
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

interface Shape {
  batch: number;
  channels: number;
  side: number;
}

const MOMENTS = { mean: [0.48, 0.45, 0.4], std: [0.23, 0.22, 0.25] };

/** Images of whole grey levels, normalised. */
function levels({ batch, channels, side }: Shape): Float64Array {
  const normalised = (v: number, i: number) => {
    const c = Math.floor(i / side / side) % channels;
    return (Math.floor(128 * (v + 1)) / 255 - MOMENTS.mean[c]) / MOMENTS.std[c];
  };
  return randoms(batch * channels * side * side, 8).map(normalised);
}

/** One round of RandAugment in float64; `met` collects the kinds it met. */
function distort64(
  images: Float64Array,
  { batch, channels, side }: Shape,
  draw: (i: number) => number,
  magnitude: number,
  met: Set<number>,
) {
  const area = side * side;
  const strength = magnitude / 10;
  const out = Float64Array.from(images);
  for (let b = 0; b < batch; b++) {
    const [u0, u1, u2, u3] = [0, 1, 2, 3].map((j) => draw(4 * b + j));
    if (u1 >= 0.5) continue;
    const kind = Math.floor(11 * u0);
    met.add(kind);
    const signed = u2 < 0.5 ? -strength : strength;
    const raw = (c: number, x: number, y: number) =>
      x < 0 || y < 0 || x >= side || y >= side ? 0 : images[(b * channels + c) * area + y * side + x];
    const unit = (c: number, x: number, y: number) => Math.min(1, Math.max(0, raw(c, x, y) * MOMENTS.std[c] + MOMENTS.mean[c]));
    const grey = (x: number, y: number) =>
      channels === 3 ? 0.299 * unit(0, x, y) + 0.587 * unit(1, x, y) + 0.114 * unit(2, x, y) : unit(0, x, y);
    let average = 0;
    for (let i = 0; i < area; i++) average += grey(i % side, Math.floor(i / side)) / area;
    const bilinear = (c: number, x: number, y: number) => {
      const [x0, y0] = [Math.floor(x), Math.floor(y)];
      const at = (dx: number, dy: number) => raw(c, x0 + dx, y0 + dy) * Math.abs(1 - dx - (x - x0)) * Math.abs(1 - dy - (y - y0));
      return at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1);
    };
    const angle = (signed * Math.PI) / 6;
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++) {
          const [dx, dy] = [x - (side - 1) / 2, y - (side - 1) / 2];
          const v = unit(c, x, y);
          const enhanced = (base: number) => Math.min(1, Math.max(0, base + Math.max(0.1, 1 + 0.9 * signed) * (v - base)));
          const lost = 2 ** Math.round(4 * strength);
          const coloured = (value: number) => (value - MOMENTS.mean[c]) / MOMENTS.std[c];
          const reach = strength * (40 / 224) * side;
          const cut = Math.abs(x + 0.5 - side * u2) < reach && Math.abs(y + 0.5 - side * u3) < reach;
          const answers = [
            () => bilinear(c, x + 0.3 * signed * dy, y),
            () => bilinear(c, x, y + 0.3 * signed * dx),
            () => bilinear(c, x + 0.45 * signed * side, y),
            () => bilinear(c, x, y + 0.45 * signed * side),
            () => bilinear(c, x - dx + Math.cos(angle) * dx - Math.sin(angle) * dy, y - dy + Math.sin(angle) * dx + Math.cos(angle) * dy),
            () => coloured(enhanced(0)),
            () => coloured(enhanced(average)),
            () => coloured(enhanced(grey(x, y))),
            () => coloured((Math.floor(Math.round(255 * v) / lost) * lost) / 255),
            () => coloured(Math.round(255 * v) >= 256 * (1 - strength) ? 1 - v : v),
            () => (cut ? 0 : raw(c, x, y)),
          ];
          out[(b * channels + c) * area + y * side + x] = answers[kind]();
        }
  }
  return out;
}

describe("randAugment", () => {
  test.each([
    { batch: 64, channels: 3, side: 7, magnitude: 9 },
    { batch: 70, channels: 1, side: 6, magnitude: 4 },
  ])("of $batch images, $channels x $side x $side, magnitude $magnitude, agrees with float64", async ({ magnitude, ...shape }) => {
    const met = new Set<number>();
    await check(await testEngine(), {
      inputs: { images: { shape: [shape.batch, shape.channels, shape.side, shape.side], data: levels(shape) } },
      op: ({ images }) => randAugment(images, { seed: 5, step: 2, magnitude, moments: MOMENTS }),
      reference: ({ images }) => {
        const round = (x: Float64Array, r: number) => distort64(x, shape, (i) => uniform(5, 0x310 + r, 2, i), magnitude, met);
        return [round(round(images, 0), 1)];
      },
      tolerance: 3e-5, // a step of one grey level is 1.6e-2
    });
    expect(met.size).toBe(11);
  });

  test("changes no bit at magnitude 0, and by the same draws the same bits again", async () => {
    const engine = await testEngine();
    const shape = { batch: 16, channels: 3, side: 8 };
    const graph = new Graph(engine);
    const magnitude = new Live(0);
    const given = graph.fixed(upload(engine, levels(shape), "f32"), [16, 3, 8, 8]);
    const images = randAugment(given, { seed: 1, step: 4, magnitude, moments: MOMENTS });
    const program = await Program.compile(graph, { images, given });
    const none = await program.fetch();
    expect(none.images).toEqual(none.given);
    magnitude.value = 9;
    const [once, twice] = [await program.fetch(), await program.fetch()];
    expect(once.images).not.toEqual(once.given);
    expect(twice.images).toEqual(once.images);
  });
});

describe("mixPairs", () => {
  const [batch, channels, side, classes] = [65, 2, 6, 4];
  const labels = Array.from({ length: batch }, (_, i) => (3 * i) % classes);
  const images = randoms(batch * channels * side * side, 6);

  async function mixed() {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const knobs = { step: new Live(0), mixup: new Live(0.8), cutmix: new Live(1), smoothing: new Live(0) };
    const given = graph.fixed(upload(engine, images, "f32"), [batch, channels, side, side]);
    const result = mixPairs(given, graph.fixed(upload(engine, labels, "u32"), [batch], "u32"), { seed: 2, classes, ...knobs });
    return { knobs, program: await Program.compile(graph, result), pipelines: () => engine.pipelineCount };
  }

  /** Images and targets as the plan says. */
  function by(plan: Float32Array, smoothing: number) {
    const each = channels * side * side;
    const pixels = images.map((own, i) => {
      const b = Math.floor(i / each);
      const [, weight, x0, y0, x1, y1] = plan.subarray(6 * b);
      const [x, y] = [i % side, Math.floor(i / side) % side];
      const w = x >= x0 && y >= y0 && x < x1 && y < y1 ? 0 : weight;
      return w * own + (1 - w) * images[(batch - 1 - b) * each + (i % each)];
    });
    const one = (label: number, c: number) => smoothing / classes + (1 - smoothing) * Number(label === c);
    const targets = Array.from({ length: batch * classes }, (_, i) => {
      const b = Math.floor(i / classes);
      const share = plan[6 * b];
      return share * one(labels[b], i % classes) + (1 - share) * one(labels[batch - 1 - b], i % classes);
    });
    return { pixels, targets };
  }

  /** Rows of the plan by the draws' own formula. */
  function plan64(step: number, mixup: number, cutmix: number): number[] {
    return Array.from({ length: batch }, (_, b) => {
      const [which, u, v, cx, cy] = [0, 1, 2, 3, 4].map((j) => uniform(2, 0x301, step, 5 * b + j));
      const cuts = cutmix > 0 && (mixup === 0 || which < 0.5);
      const a = cuts ? cutmix : mixup;
      if (a === 0) return [1, 1, 0, 0, 0, 0];
      const c = Math.cos(2 * Math.PI * (v - 0.5));
      const share = 0.5 + (0.5 * (c < 0 ? -1 : 1)) / Math.sqrt(1 + 1 / (((1 - u) ** (-1 / a) - 1) * c * c));
      if (!cuts) return [share, share, 0, 0, 0, 0];
      const reach = Math.floor(Math.floor(side * Math.sqrt(1 - share)) / 2);
      const span = (at: number) => [Math.max(0, Math.floor(side * at) - reach), Math.min(side, Math.floor(side * at) + reach)];
      const [[x0, x1], [y0, y1]] = [span(cx), span(cy)];
      return [1 - ((x1 - x0) * (y1 - y0)) / side ** 2, 1, x0, y0, x1, y1];
    }).flat();
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
    const shape = [batch, classes];
    const upstream = randoms(1, 77)[0]; // what `check` plants at the one value
    await check(await testEngine(), {
      inputs: { z: { shape, grad: true }, x: { shape: [batch, 1, side, side] }, y: { shape: [batch], data: labels, dtype: "u32" } },
      op: ({ z, x, y }, graph) => {
        const { targets } = mixPairs(x, y, { seed: 2, step: 3, mixup: 0.8, cutmix: 1, smoothing: 0.1, classes });
        const ce = crossEntropy(z, { targets });
        const seen = new Tensor(graph, ce.value.storage, [1], "f32", true);
        graph.record(seen, (_, grads) => ce.seed(upstream, grads));
        return [seen];
      },
      reference: ({ z }) => {
        const { targets } = by(Float32Array.from(plan64(3, 0.8, 1)), 0.1);
        const logs = logSoftmax64(z, classes);
        return [[targets.reduce((sum, t, i) => sum - (t * logs[i]) / batch, 0)]];
      },
    });
  });
});
