import { describe, expect, test } from "vitest";
import { Graph, Live } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { Weights } from "../../models/weights";
import { testEngine } from "../../ops/check";
import { decoderModules } from "./decoder";
import { distill, features, type Scene, valuesOf } from "./distill.fixture";
import { awake, checkGradients, sum } from "./gradients.fixture";
import { mkd } from "./mkd";

/** One map of 64 pixels (2 x 2 patches of 32) and no convolutions to the teacher's channels. */
const EQUAL: Scene = { batch: 2, sides: [8], student: 4, teacher: 4, classes: 3, anchors: 2 };
const [student, teacher] = [features(EQUAL, 4, 1), features(EQUAL, 4, 2)];
const data = (weights: Weights, name: string) => weights.get(name)?.data as Float32Array;
const norm = (values: Iterable<number> | undefined) => sum([...(values ?? [])].map(Math.abs));

/** Weights with a map changed element by element. */
function changed(weights: Weights, change: (v: number, i: number) => number, name = "pyramid.0"): Weights {
  return new Map([...weights]).set(name, { shape: weights.get(name)?.shape ?? [], data: data(weights, name).map(change) });
}

/** The mask of some images in a step: number of erased cells of each, and the mask itself. */
async function drawn({ batch = 3, image = 128, ...changes }: Record<string, number | string>, steps = [0]) {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const knobs = valuesOf(mkd.knobs, changes) as Parameters<NonNullable<typeof mkd.visible>>[0]["knobs"];
  const step = new Live(0);
  const mask = mkd.visible?.({ graph, batch: Number(batch), image: Number(image), knobs, random: { seed: 7, step } });
  if (!mask) throw new Error("nothing is hidden");
  expect(mask.visibleStatistics).toBe(changes.statistics !== "all");
  const program = await Program.compile(graph, { cells: mask.cells });
  const masks: number[][] = [];
  for (const now of steps) {
    step.value = now;
    masks.push([...(await program.fetch()).cells]);
  }
  return { masks, program, ratio: knobs.ratio as unknown as Live, shape: mask.cells.shape };
}

const erasedOf = (mask: number[], cells: number) =>
  Array.from({ length: mask.length / cells }, (_, b) => mask.slice(cells * b, cells * b + cells).filter((v) => v === 0).length);

describe("the mask", () => {
  test("erases exactly round(r cells) of every image, others in every step, and follows r without recording anew", async () => {
    const { masks, program, ratio, shape } = await drawn({ ratio: 0.3 }, [0, 1, 0]);
    expect(shape).toEqual([3, 4, 4]);
    for (const mask of masks) expect(erasedOf(mask, 16)).toEqual([5, 5, 5]);
    expect(masks[0].every((v) => v === 0 || v === 1)).toBe(true);
    expect(masks[1]).not.toEqual(masks[0]);
    expect(masks[2]).toEqual(masks[0]);
    expect(masks[0].slice(0, 16)).not.toEqual(masks[0].slice(16, 32));
    for (const [r, count] of [
      [0, 0],
      [0.1, 2],
      [0.2, 3],
      [0.5, 8],
      [0.75, 12],
    ] as const) {
      ratio.value = r;
      expect(erasedOf([...(await program.fetch()).cells], 16)).toEqual([count, count, count]);
    }
  });

  test("has cells of 16 pixels if so set, and is absent in vanilla distillation", async () => {
    const { masks, shape } = await drawn({ patchPixels: "16", image: 64, ratio: 0.25 });
    expect(shape).toEqual([3, 4, 4]);
    expect(erasedOf(masks[0], 16)).toEqual([4, 4, 4]);
    await expect(drawn({ variant: "vanilla" })).rejects.toThrow("nothing is hidden");
  });
});

test("what the mask hides is known on the CPU as the GPU draws it; two passes hide no object from detection", async () => {
  const hidden = (changes: Record<string, number | string>, step: number) => {
    const knobs = valuesOf(mkd.knobs, changes) as Parameters<NonNullable<typeof mkd.hidden>>[0]["knobs"];
    return mkd.hidden?.({ batch: 3, image: 128, knobs, random: { seed: 7, step: new Live(step) } });
  };
  const trials: Record<string, number | string>[] = [{}, { patchPixels: "16", ratio: 0.5 }];
  for (const changes of trials) {
    const { masks, shape } = await drawn(changes, [0, 4]);
    const found = [0, 4].map((step) => hidden(changes, step)!);
    expect(found.map(({ cells }) => [...cells])).toEqual(masks);
    expect(found[0].side).toBe(shape[1]);
  }
  expect([hidden({}, 0)?.least, hidden({ passes: "two" }, 0)?.least, hidden({ variant: "vanilla" }, 0)]).toEqual([0.3, 0, undefined]);
});

describe("the decoder", () => {
  test("brings P3 to P5 of 128 pixels to 4 x 4 tokens by kernels of 4, 2 and 1, and back", () => {
    const config = { image: 128, classes: 3, channels: 8, levels: 4, width: 4, block: "basic" as const };
    const shapes = decoderModules(config, { token: 32, depth: 1, heads: 4 });
    expect([0, 1, 2].map((l) => shapes[`sam.${l}.weight`].shape)).toEqual([
      [8, 4, 4, 8],
      [8, 2, 2, 8],
      [8, 8],
    ]);
    expect([0, 1, 2, 3].map((l) => shapes[`srm.${l}.weight`].shape)).toEqual([
      [128, 8],
      [32, 8],
      [8, 8],
      [8, 8],
    ]);
    expect(shapes["sam.3.weight"]).toBeUndefined();
    expect([0, 1, 2].map((l) => shapes[`token.${l}`].shape)).toEqual([[8], [8], [8]]);
  });

  test("leaves the tokens of erased cells alone where nothing is erased", async () => {
    const distilled = await distill(await testEngine(), mkd, { knobs: { ratio: 0 }, modules: awake });
    const tokens = async () => {
      const { gradients } = await distilled.run();
      return [0, 1, 2].map((l) => norm(gradients.get(`kd.token.${l}`)));
    };
    expect(await tokens()).toEqual([0, 0, 0]);
    (distilled.knobs.ratio as unknown as Live).value = 0.5;
    for (const found of await tokens()) expect(found).toBeGreaterThan(1e-4);
  });
});

describe("L_feat", () => {
  const value = async (student: Weights, knobs: Record<string, number | string> = {}) => {
    const distilled = await distill(await testEngine(), mkd, { scene: EQUAL, student, teacher, knobs: { variant: "vanilla", ...knobs } });
    return (await distilled.run()).values.feature;
  };

  test("is 1 - r of the channels: 0 for maps alike up to scale and shift, which change nothing elsewhere either", async () => {
    const affine = (v: number, i: number) => [2, 0.3, 7, 1][i % 4] * v + [0, 5, -1, 0.1][i % 4];
    const correlation = (c: number) => {
      const [a, b] = [student, teacher].map((weights) => [...data(weights, "pyramid.0")].filter((_, i) => i % 4 === c));
      const [ma, mb] = [sum(a) / a.length, sum(b) / b.length];
      const dot = (x: number[], mx: number, y: number[], my: number) => sum(x.map((v, i) => (v - mx) * (y[i] - my)));
      return dot(a, ma, b, mb) / Math.sqrt(dot(a, ma, a, ma) * dot(b, mb, b, mb));
    };
    expect(await value(student)).toBeCloseTo(sum([0, 1, 2, 3].map((c) => (1 - correlation(c)) / 4)), 5);
    expect(await value(changed(student, affine))).toBeCloseTo(await value(student), 4);
    expect(await value(changed(student, (_, i) => affine(data(teacher, "pyramid.0")[i], i)))).toBeCloseTo(0, 5);
  });

  test("over erased cells alone is the mean of their errors; each position's errors add up to it", async () => {
    const run = async (area: string) => {
      const trial = { scene: EQUAL, student, teacher, knobs: { area, ratio: 0.5 }, modules: awake };
      return (await distill(await testEngine(), mkd, trial)).run();
    };
    const [full, erased] = [await run("full"), await run("erased")];
    const hidden = full.maps["error.0"].filter((_, i) => full.maps["visible.0"][i] === 0);
    expect(hidden).toHaveLength(64);
    expect(sum(full.maps["error.0"])).toBeCloseTo(full.values.feature, 5);
    expect(erased.values.feature).toBeCloseTo(2 * sum(hidden), 5);
    for (const [i, v] of erased.maps["error.0"].entries()) expect(v > 0).toBe(full.maps["visible.0"][i] === 0);
  });
});

describe("L_MSE", () => {
  const value = async (student: Weights, ratio: number) => {
    const distilled = await distill(await testEngine(), mkd, { scene: EQUAL, student, teacher, knobs: { encoder: "on", ratio } });
    const { values, maps } = await distilled.run();
    return { mse: values.encoder, visible: maps["visible.0"] };
  };

  test("with everything visible is the mean squared error of C3 to C5", async () => {
    const mean = (name: string) => {
      const target = data(teacher, name);
      return sum(data(student, name).map((v, i) => (v - target[i]) ** 2)) / target.length;
    };
    expect((await value(student, 0)).mse).toBeCloseTo(mean("stage.0") + mean("stage.1") + mean("stage.2"), 5);
  });

  test("does not read erased cells", async () => {
    const { mse, visible } = await value(student, 0.5);
    const cols = data(student, "stage.0").length / visible.length;
    const moved = (m: number) => changed(student, (v, i) => (visible[Math.floor(i / cols)] === m ? v + 3 : v), "stage.0");
    expect((await value(moved(0), 0.5)).mse).toBe(mse);
    expect((await value(moved(1), 0.5)).mse).toBeGreaterThan(mse + 1);
  });
});

describe("variants", () => {
  test("cutout distils nothing, with FitNet it is the mean squared error", async () => {
    const run = async (variant: string) => {
      const distilled = await distill(await testEngine(), mkd, { scene: EQUAL, student, teacher, knobs: { variant } });
      return { terms: distilled.terms, ...(await distilled.run()) };
    };
    const cutout = await run("cutout");
    expect(cutout.terms).toEqual([]);
    expect(sum(cutout.maps["visible.input"])).toBe(2 * 3);
    const target = data(teacher, "pyramid.0");
    const error = sum(data(student, "pyramid.0").map((v, i) => (v - target[i]) ** 2)) / target.length;
    expect((await run("cutout+fitnet")).values).toEqual({ feature: expect.closeTo(error, 5) });
  });

  const readings: Record<string, string | number>[] = [
    { patchPixels: "16", area: "erased", decoderDepth: "1", decoderHeads: "1" },
    { tokenPixels: "16", decoderDepth: "1", decoderHeads: "8", ratio: 0.5 },
    { variant: "cutout+fitnet", area: "erased" },
  ];
  test.each(readings)("gradients of %o", async (knobs) => {
    await checkGradients(await distill(await testEngine(), mkd, { knobs, modules: awake }));
  });
});
