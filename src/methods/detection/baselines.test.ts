import { describe, expect, test } from "vitest";
import type { Weights } from "../../models/weights";
import { testEngine } from "../../ops/check";
import { amd } from "./amd";
import { distill, features, type Scene } from "./distill.fixture";
import { dmkd } from "./dmkd";
import { fgd } from "./fgd";
import { fitnet } from "./fitnet";
import { freekd } from "./freekd";
import { awake, checkGradients, sum } from "./gradients.fixture";
import { logit } from "./logit";
import type { DetectionMethod } from "./method";
import { mgd } from "./mgd";
import { pkd } from "./pkd";

/** One map and no Theta. */
const EQUAL: Scene = { batch: 2, sides: [8], student: 4, teacher: 4, classes: 3, anchors: 2 };
const [student, teacher] = [features(EQUAL, 4, 1), features(EQUAL, 4, 2)];
const map = (weights: Weights, name = "pyramid.0") => weights.get(name)?.data as Float32Array;
const same = { scene: EQUAL, student, teacher };
const squares = sum(map(student).map((v, i) => (v - map(teacher)[i]) ** 2));

/** The weights with one map changed element by element. */
function changed(weights: Weights, change: (v: number, i: number) => number, name = "pyramid.0"): Weights {
  return new Map([...weights]).set(name, { shape: weights.get(name)?.shape ?? [], data: map(weights, name).map(change) });
}

describe("FitNet", () => {
  test("is a mean of squares, or their sum over the batch", async () => {
    const value = async (reduction: string) =>
      (await (await distill(await testEngine(), fitnet, { ...same, knobs: { reduction } })).run()).values.feature;
    expect((await value("normalised")) / (squares / 512)).toBeCloseTo(1, 5);
    expect((await value("literal")) / (squares / 2)).toBeCloseTo(1, 5);
  });
});

describe("PKD", () => {
  test("neither scale nor shift of a channel matters", async () => {
    const value = async (student: Weights) =>
      (await (await distill(await testEngine(), pkd, { ...same, student, knobs: {} })).run()).values.feature;
    const affine = (v: number, i: number) => [2, 0.3, 7, 1][i % 4] * v + [0, 5, -1, 0.1][i % 4];
    expect(await value(changed(student, affine))).toBeCloseTo(await value(student), 4);
    expect(await value(changed(teacher, affine))).toBeCloseTo(0, 5);
    expect(await value(changed(teacher, (v) => -v))).toBeCloseTo((2 * 127) / 128, 4);
  });
});

describe("MGD", () => {
  /** A generation block that is the identity where features are positive. */
  const identity = (fresh: Weights): Weights =>
    new Map(
      [...fresh].map(([name, { shape, data }]) => {
        const diagonal = (i: number) => shape.length === 4 && Math.floor(i / 4) % 9 === 4 && Math.floor(i / 36) === i % 4;
        return [name, { shape, data: data.map((_, i) => Number(diagonal(i))) }];
      }),
    );

  test("with nothing erased and a block that changes nothing, the sum of squares over the batch", async () => {
    const positive = changed(student, Math.abs);
    const trial = { ...same, student: positive, modules: identity, knobs: { ratio: 0, reduction: "literal" } };
    const { values } = await (await distill(await testEngine(), mgd, trial)).run();
    expect(values.feature / (sum(map(positive).map((v, i) => (v - map(teacher)[i]) ** 2)) / 2)).toBeCloseTo(1, 5);
  });

  test("erases the set share, other pixels every step, the same in a step run again", async () => {
    const distilled = await distill(await testEngine(), mgd, { ...same, knobs: { ratio: 0.65 } });
    const masks: Float32Array[] = [];
    for (distilled.step.value = 0; distilled.step.value < 40; distilled.step.value++)
      masks.push((await distilled.run()).maps["mask.0"] as Float32Array);
    const erased = masks.map((mask) => sum(mask.map((v) => 1 - v)) / mask.length);
    // Five standard deviations of a binomial frequency over 40 masks of 128 pixels.
    expect(Math.abs(sum(erased) / 40 - 0.65)).toBeLessThan(5 * Math.sqrt((0.65 * 0.35) / (40 * 128)));
    expect(masks[0]).not.toEqual(masks[1]);
    distilled.step.value = 0;
    expect((await distilled.run()).maps["mask.0"]).toEqual(masks[0]);
  });

  test("by its two switches: without masking the block sees everything, without the block what is left is compared", async () => {
    const engine = await testEngine();
    const run = async (knobs: Record<string, number | string>) => (await distill(engine, mgd, { ...same, modules: awake, knobs })).run();
    const [plain, unmasked] = [await run({ ratio: 0 }), await run({ masking: "off" })];
    expect([unmasked.values, unmasked.maps]).toEqual([plain.values, plain.maps]);
    const { values, maps } = await run({ blocks: "off" });
    const left = map(student).map((v, i) => v * maps["mask.0"][Math.floor(i / 4)]);
    expect(values.feature).toBeCloseTo(sum(left.map((v, i) => (v - map(teacher)[i]) ** 2)) / left.length, 4);
    expect(sum(maps["mask.0"])).toBeLessThan(maps["mask.0"].length / 2);
    const neither = await run({ masking: "off", blocks: "off" });
    expect(neither.values.feature).toBe((await (await distill(engine, fitnet, { ...same, knobs: {} })).run()).values.feature);
  });

  test("what the published weight amounts to for a mean on COCO's maps", () => {
    const amounts = [1, 4, 16, 64, 256].map((times) => (2e-5 * 256 * 100 * 167) / times);
    for (const [i, expected] of [85.5, 21.5, 5.4, 1.4, 0.4].entries()) expect(Math.abs(amounts[i] - expected)).toBeLessThan(0.15);
    expect(mgd.knobs.alpha.default).toBe(20);
  });
});

describe("FGD", () => {
  test("attention averages 1; the relation of blocks that start as the identity is the sum of squares", async () => {
    const { values, maps } = await (await distill(await testEngine(), fgd, { ...same, knobs: { reduction: "literal" } })).run();
    expect(values.relation / (squares / 2)).toBeCloseTo(1, 5);
    for (const b of [0, 1]) {
      expect(sum(maps["attention.0"].subarray(64 * b, 64 * b + 64)) / 64).toBeCloseTo(1, 5);
      expect(sum(maps["channelAttention.0"].subarray(4 * b, 4 * b + 4))).toBeCloseTo(1, 5);
      expect(sum(maps["background.0"].subarray(64 * b, 64 * b + 64))).toBeCloseTo(1, 5);
    }
  });

  test("attention of four pixels of mean 0, 1, 2, 3", async () => {
    const scene: Scene = { ...EQUAL, batch: 1, sides: [2] };
    const data = Float32Array.from([0, 1, 2, 3].flatMap((v) => [v, -v, v, -v]));
    const four = new Map([...features(scene, 4, 1)]).set("pyramid.0", { shape: [1, 2, 2, 4], data });
    const { maps } = await (await distill(await testEngine(), fgd, { scene, teacher: four, knobs: { temperature: 0.5 } })).run();
    for (const [i, v] of [0.008576, 0.063369, 0.468236, 3.45982].entries()) expect(maps["attention.0"][i]).toBeCloseTo(v, 5);
  });

  test("its terms by the definition, from its own masks", async () => {
    const { values, maps } = await (await distill(await testEngine(), fgd, { ...same, knobs: { reduction: "literal" } })).run();
    const focal = (mask: ArrayLike<number>) =>
      sum(
        map(student).map(
          (v, i) =>
            mask[i >> 2] *
            maps["attention.0"][i >> 2] *
            4 *
            maps["channelAttention.0"][4 * (i >> 8) + (i % 4)] *
            (v - map(teacher)[i]) ** 2,
        ),
      ) / 2;
    expect(values.foreground / focal(maps["foreground.0"])).toBeCloseTo(1, 4);
    expect(values.background / focal(maps["background.0"])).toBeCloseTo(1, 4);
    const softmax = (x: number[]) => x.map((v) => Math.exp(v / 0.5) / sum(x.map((w) => Math.exp(w / 0.5))));
    const attention = (x: Float32Array, b: number) => {
      const image = Array.from(x.subarray(256 * b, 256 * b + 256), Math.abs);
      const pixels = Array.from({ length: 64 }, (_, p) => sum(image.slice(4 * p, 4 * p + 4)) / 4);
      const channels = [0, 1, 2, 3].map((c) => sum(image.filter((_, i) => i % 4 === c)) / 64);
      return [...softmax(pixels).map((v) => 64 * v), ...softmax(channels).map((v) => 4 * v)];
    };
    const apart = (b: number) => sum(attention(map(student), b).map((v, i) => Math.abs(v - attention(map(teacher), b)[i])));
    expect(values.attention / ((apart(0) + apart(1)) / 2)).toBeCloseTo(1, 4);
  });
});

describe("AMD", () => {
  test("erases where DMKD does in space, and with everything off is FitNet's distance", async () => {
    const run = async (method: DetectionMethod, knobs: Record<string, string>) =>
      (await distill(await testEngine(), method, { ...same, knobs })).run();
    const [ours, dual] = [await run(amd, {}), await run(dmkd, {})];
    expect(ours.maps["mask.0.1"]).toEqual(dual.maps["mask.0.1"]);
    expect(new Set(ours.maps["mask.0.1"]).size).toBe(2);
    const off = await run(amd, { masking: "off", blocks: "off", channels: "off" });
    const plain = await run(fitnet, {});
    expect(off.values.feature / plain.values.feature).toBeCloseTo(1, 5);
  });

  test("a channel whose gate is shut counts as zero", async () => {
    const shut = (fresh: Weights): Weights =>
      new Map(
        [...fresh].map(([name, { shape, data }]) => {
          if (name === "channels.0.2.weight") return [name, { shape, data: data.map(() => 0) }];
          return [name, { shape, data: name === "channels.0.2.bias" ? data.map((_, c) => (c === 0 ? -60 : 60)) : data }];
        }),
      );
    const trial = { ...same, knobs: { masking: "off", blocks: "off" }, modules: shut };
    const { maps } = await (await distill(await testEngine(), amd, trial)).run();
    const expected = map(student).map((v, i) => (i % 4 === 0 ? 0 : v));
    for (const [i, v] of maps["reconstruction.0.1"].entries()) expect(v).toBeCloseTo(expected[i], 5);
  });
});

describe("FreeKD", () => {
  test("a constant added to the features changes no frequency term", async () => {
    const value = async (student: Weights) =>
      (await (await distill(await testEngine(), freekd, { ...same, student, knobs: {} })).run()).values;
    const [plain, shifted] = [await value(student), await value(changed(student, (v) => v + 2))];
    expect(shifted.frequency / plain.frequency).toBeCloseTo(1, 4);
    expect(shifted.feature / plain.feature).toBeGreaterThan(2);
  });

  test("random prompts ask for everything about alike, and for the same in every step", async () => {
    const distilled = await distill(await testEngine(), freekd, { ...same, knobs: {} });
    const { maps } = await distilled.run();
    expect(Object.keys(maps)).toEqual(["frequency.0.1", "frequency.0.2", "frequency.0.3"]);
    for (const [i, w] of maps["frequency.0.1"].entries()) expect(Math.abs(w - (i % 4 === 0 ? 0 : 0.5))).toBeLessThan(0.05);
    distilled.step.value = 7;
    expect((await distilled.run()).maps["frequency.0.2"]).toEqual(maps["frequency.0.2"]);
  });

  test("prompts that were learned stand in the place of random ones", async () => {
    const prompts = (fresh: Weights): Weights =>
      new Map([...fresh, ["prompts.0.2", { shape: [6, 4], data: new Float32Array(24).fill(50) }]]);
    const { maps } = await (await distill(await testEngine(), freekd, { ...same, knobs: { prompts: "learned" }, modules: prompts })).run();
    const details = (name: string) => [...maps[name]].filter((_, i) => i % 4 > 0);
    for (const w of details("frequency.0.1")) expect(Math.abs(w - 0.5)).toBeLessThan(0.05);
    for (const w of details("frequency.0.2")) expect(Math.min(w, 1 - w)).toBeLessThan(0.1);
  });

  test("box outputs are compared by smooth L1", async () => {
    const { values } = await (await distill(await testEngine(), freekd, { ...same, knobs: {} })).run();
    const smooth = (d: number) => (Math.abs(d) < 1 ? 0.5 * d * d : Math.abs(d) - 0.5);
    const boxes = map(student, "box.0").map((v, i) => smooth(v - map(teacher, "box.0")[i]));
    expect(values.boxes / (sum(boxes) / boxes.length)).toBeCloseTo(1, 5);
  });
});

describe("logit distillation", () => {
  test("is 0 for equal logits, and a mean over places", async () => {
    const equal = changed(student, (_, i) => map(teacher, "cls.0")[i], "cls.0");
    expect((await (await distill(await testEngine(), logit, { ...same, student: equal, knobs: {} })).run()).values.logit).toBeCloseTo(0, 6);
    const { values, maps } = await (await distill(await testEngine(), logit, { ...same, knobs: {} })).run();
    expect(maps["divergence.0"]).toHaveLength(128);
    expect(values.logit).toBeCloseTo(sum(maps["divergence.0"]) / 128, 5);
  });

  test("by coins, softened", async () => {
    await checkGradients(await distill(await testEngine(), logit, { knobs: { divergence: "bernoulli", temperature: 3 } }));
  });
});

test("pyramids that do not match are refused in words", async () => {
  const scene: Scene = { ...EQUAL, sides: [4] };
  const other = distill(await testEngine(), fitnet, { ...same, teacher: features(scene, 4, 2), knobs: {} });
  await expect(other).rejects.toThrow("The student's pyramid has maps of 8 x 8, the teacher's of 4 x 4. Give both the same image size");
});
