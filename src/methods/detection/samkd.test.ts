import { describe, expect, test } from "vitest";
import type { Live } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import type { Weights } from "../../models/weights";
import { testEngine } from "../../ops/check";
import { regionsOf } from "../../ops/regions";
import { distill, features, type Scene, SMALL } from "./distill.fixture";
import { dmkd } from "./dmkd";
import { awake, checkGradients, sum } from "./gradients.fixture";
import { samkd } from "./samkd";

/** One map, with regions 1, 2 and 4 and no Theta. */
const EQUAL: Scene = { batch: 2, sides: [8], student: 4, teacher: 4, classes: 3, anchors: 2 };
const off = { sfd: "off" };

/** Weights with `name` changed element by element. */
function changed(weights: Weights, name: string, change: (v: number, i: number) => number): Weights {
  const old = weights.get(name) as { shape: number[]; data: Float32Array };
  return new Map([...weights]).set(name, { shape: old.shape, data: old.data.map(change) });
}

const data = (weights: Weights, name: string) => weights.get(name)?.data as Float32Array;

/** Blocks that change nothing: the identity at the kernels' centres, no biases. */
const identity = (fresh: Weights): Weights =>
  new Map(
    [...fresh].map(([name, { shape, data }]) => {
      const [outputs, inputs] = [shape[0], shape[shape.length - 1]];
      const centre = shape.length === 4 ? 4 : 0;
      const at = (i: number) => Math.floor(i / inputs) % (shape.length === 4 ? 9 : 1) === centre;
      const diagonal = (i: number) => Math.floor(i / (data.length / outputs)) === i % inputs && at(i);
      return [name, { shape, data: data.map((_, i) => (shape.length > 1 && diagonal(i) ? 1 : 0)) }];
    }),
  );

describe("blocks that change nothing, features they let pass", () => {
  const positive = (weights: Weights) => changed(weights, "pyramid.0", Math.abs);
  const [student, teacher] = [positive(features(EQUAL, 4, 1)), features(EQUAL, 4, 2)];
  const squares = sum(data(teacher, "pyramid.0").map((v) => v * v));
  const apart = sum(data(teacher, "pyramid.0").map((v, i) => (v - data(student, "pyramid.0")[i]) ** 2));
  const count = data(teacher, "pyramid.0").length;
  const feature = async (knobs: Record<string, number | string>) => {
    const distilled = await distill(await testEngine(), samkd, {
      scene: EQUAL,
      student,
      teacher,
      modules: identity,
      knobs: { sld: "off", ...knobs },
    });
    return (await distilled.run()).values.feature;
  };
  const [nothing, everything] = [
    { omegaS: 100, omegaC: 2 },
    { omegaS: -1, omegaC: -1 },
  ];

  test.each(["tiled", "cropped"])("nothing erased, borders %s: 3 |F^T - F^S|^2, or their mean squared difference", async (borders) => {
    expect((await feature({ ...nothing, borders, reduction: "literal" })) / ((3 * apart) / 2)).toBeCloseTo(1, 5);
    expect((await feature({ ...nothing, borders })) / (apart / count)).toBeCloseTo(1, 5);
  });

  test("everything erased: 3 |F^T|^2", async () => {
    expect((await feature({ ...everything, reduction: "literal" })) / ((3 * squares) / 2)).toBeCloseTo(1, 5);
  });
});

describe("SLD", () => {
  const teacher = features(EQUAL, 4, 2);
  const run = async (student: Weights, knobs: Record<string, number | string> = {}) =>
    (await distill(await testEngine(), samkd, { scene: EQUAL, student, teacher, knobs: { ...off, ...knobs } })).run();

  /** W of all regions. */
  const everywhere = (maps: Fetched) => [1, 2, 4].flatMap((side) => [...maps[`difference.0.${side}`]]);

  test("W is 0 for features alike up to scale, 2 for opposite ones; then, or for equal logits, nothing is to learn", async () => {
    const like = (factor: number) => changed(features(EQUAL, 4, 1), "pyramid.0", (_, i) => factor * data(teacher, "pyramid.0")[i]);
    for (const difference of ["flattened", "pooled", "pixels"]) {
      const same = await run(like(3), { difference });
      for (const w of everywhere(same.maps)) expect(w).toBeCloseTo(0, 5);
      expect(same.values.logit).toBeCloseTo(0, 5);
      for (const w of everywhere((await run(like(-0.5), { difference })).maps)) expect(w).toBeCloseTo(2, 5);
    }
    const agreed = await run(changed(features(EQUAL, 4, 1), "cls.0", (_, i) => data(teacher, "cls.0")[i]));
    expect(agreed.values.logit).toBeCloseTo(0, 6);
    expect(everywhere(agreed.maps)).toHaveLength(2 * 21);
  });

  test("shows the numbers of each level of regions as if there were no other", async () => {
    const student = features(EQUAL, 4, 1);
    const all = await run(student);
    for (const side of [1, 2, 4]) {
      const one = await run(student, { regions: String(side) });
      for (const view of ["difference", "divergence"]) expect(all.maps[`${view}.0.${side}`]).toEqual(one.maps[`${view}.0.${side}`]);
    }
  });

  test("the gradient of one region is spread evenly over its pixels", async () => {
    const { gradients } = await run(features(EQUAL, 4, 1), { regions: "1" });
    const g = gradients.get("cls.0") as Float64Array;
    const [pixels, cols] = [64, 6];
    for (let i = 0; i < g.length; i++) {
      const first = Math.floor(i / (pixels * cols)) * pixels * cols + (i % cols);
      expect(g[i]).toBe(g[first]);
    }
    expect(Math.abs(g[0])).toBeGreaterThan(1e-6);
  });

  test("W carries no gradient by default", async () => {
    const trial = (detach: string) => distill(testing, samkd, { knobs: { detach }, modules: awake, terms: ["logit"] });
    const testing = await testEngine();
    const norm = (g: Float64Array | undefined) => sum(g?.map(Math.abs) ?? []);
    const [detached, drawn] = [(await (await trial("off")).run()).gradients, (await (await trial("on")).run()).gradients];
    for (const name of ["pyramid.0", "pyramid.1", "kd.align.0.weight", "kd.theta_s.0.0.weight"]) expect(norm(detached.get(name))).toBe(0);
    for (const name of ["pyramid.0", "pyramid.1", "kd.align.0.weight"]) expect(norm(drawn.get(name))).toBeGreaterThan(1e-4);
    for (const found of [detached, drawn]) expect(norm(found.get("cls.1"))).toBeGreaterThan(1e-3);
  });
});

describe("what W compares", () => {
  /** Theta's, and those of all that is the student's. */
  const run = async (knobs: Record<string, string>) => {
    const { terms, run } = await distill(await testEngine(), samkd, { knobs, modules: awake });
    const { gradients, values, maps } = await run();
    const norm = (name: string) => sum(gradients.get(name)?.map(Math.abs) ?? []);
    const own = [...gradients].filter(([name]) => !name.startsWith("kd."));
    return { terms, values, maps, own, theta: norm("kd.align.0.weight") };
  };

  test("without SFD, Theta learns to map features to the teacher's; the student gets what SLD with the same W gives it", async () => {
    const [aligned, fixed] = [await run({ sfd: "off" }), await run({ sfd: "off", projection: "trained" })];
    expect([aligned.terms, fixed.terms]).toEqual([["logit", "align"], ["logit"]]);
    expect(aligned.own).toEqual(fixed.own);
    expect(aligned.values.logit).toBe(fixed.values.logit);
    expect(sum(fixed.own.map(([, g]) => sum(g.map(Math.abs))))).toBeGreaterThan(0.1);
    expect([aligned.theta > 0.1, fixed.theta]).toEqual([true, 0]);
    expect(await run({ sfd: "off", projection: "reconstruction" })).toEqual(aligned);
  });

  test("L_align is the mean squared difference of Theta(F^S), and moves the student's features nowhere", async () => {
    const distilled = await distill(await testEngine(), samkd, { knobs: off, terms: ["align"] });
    const { values, gradients } = await distilled.run();
    const expected = SMALL.sides.map((side, l) => {
      const [x, target, w] = [
        data(distilled.weights, `pyramid.${l}`),
        data(distilled.teacher, `pyramid.${l}`),
        data(distilled.weights, `kd.align.${l}.weight`),
      ];
      const bias = data(distilled.weights, `kd.align.${l}.bias`);
      const at = (p: number, o: number) => sum(Array.from({ length: 6 }, (_, c) => w[6 * o + c] * x[6 * p + c])) + bias[o];
      return sum(target.map((v, i) => (at(Math.floor(i / 8), i % 8) - v) ** 2)) / (2 * side * side * 8);
    });
    expect(values.align).toBeCloseTo(sum(expected), 4);
    for (const [name, gradient] of gradients) if (!name.startsWith("kd.align")) expect(sum(gradient.map(Math.abs)), name).toBe(0);
  });

  test("with SFD nothing is added unless asked for, and W may compare what is regenerated", async () => {
    const usual = await run({});
    expect(usual).toEqual(await run({ projection: "trained" }));
    expect((await run({ projection: "aligned" })).terms).toEqual(["feature", "logit", "align"]);
    const rebuilt = await run({ projection: "reconstruction" });
    expect(rebuilt.terms).toEqual(["feature", "logit"]);
    expect(rebuilt.values.feature).toBe(usual.values.feature);
    const target = data(features(SMALL, 8, 2), "pyramid.0");
    for (const side of [1, 2]) {
      const map = rebuilt.maps[`reconstruction.0.${side}`];
      for (const b of [0, 1])
        for (const [r, [top, left, bottom, right]] of regionsOf([side], [8, 8]).entries()) {
          const within = (_: number, i: number) => {
            const [row, column] = [Math.floor(i / 64) - 8 * b, Math.floor(i / 8) % 8];
            return row >= top && row < bottom && column >= left && column < right;
          };
          const [u, v] = [target, map].map((values) => [...values].filter(within));
          const dot = (x: number[], y: number[]) => sum(x.map((value, i) => value * y[i]));
          const one = 1 - dot(u, v) / Math.sqrt(dot(u, u) * dot(v, v));
          expect(rebuilt.maps[`difference.0.${side}`][b * side * side + r], `${side} ${b} ${r}`).toBeCloseTo(one, 4);
        }
    }
  });
});

test("with both parts off nothing is added to the detector's loss", async () => {
  const { terms } = await distill(await testEngine(), samkd, { knobs: { sfd: "off", sld: "off" } });
  expect(terms).toEqual([]);
});

test("thresholds are live: masks and loss follow without recording anew", async () => {
  const distilled = await distill(await testEngine(), samkd, { knobs: {}, modules: awake });
  const erased = (mask: ArrayLike<number>) => Array.from(mask).filter((v) => v === 0).length;
  const at = async (omegaS: number) => {
    (distilled.knobs.omegaS as unknown as Live).value = omegaS;
    const { values, maps } = await distilled.run();
    return { share: erased(maps["mask.0.4"]) / maps["mask.0.4"].length, loss: values.feature };
  };
  const [low, middle, high] = [await at(0.5), await at(0.95), await at(2.1)];
  expect([low.share, high.share]).toEqual([1, 0]);
  expect(middle.share).toBeGreaterThan(0.3);
  expect(middle.share).toBeLessThan(0.9);
  expect(new Set([low.loss, middle.loss, high.loss]).size).toBe(3);
});

test("levels too fine for a map are left out, and so are maps of one pixel", async () => {
  const scene = { ...SMALL, sides: [8, 5, 2, 1] };
  const { maps, values } = await (await distill(await testEngine(), samkd, { scene, knobs: {} })).run();
  const found = Object.keys(maps).filter((name) => name.startsWith("reconstruction"));
  expect(found.sort()).toEqual(["0.1", "0.2", "0.4", "1.1", "1.2", "2.1"].map((name) => `reconstruction.${name}`));
  expect([1, 2].map((side) => maps[`channelMask.1.${side}`].length)).toEqual([2 * 8, 2 * 4 * 8]);
  for (const value of Object.values(values)) expect(Number.isFinite(value)).toBe(true);
});

test("cropped regions are regenerated as if each were an image of its own", async () => {
  // In units of an image, a cell cut out of it would be measured otherwise.
  const knobs = { regions: "2", borders: "cropped", unit: "absolute", sld: "off" };
  const whole = await distill(await testEngine(), samkd, { scene: EQUAL, knobs, modules: awake });
  const cells = { ...EQUAL, batch: 8, sides: [4] };
  // Pixels of the whole in the order in which cells list theirs.
  const order = [0, 1].flatMap((b) =>
    regionsOf([2], [8, 8]).flatMap(([top, left, bottom, right]) => {
      const pixels: number[] = [];
      for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) pixels.push(64 * b + 8 * i + j);
      return pixels;
    }),
  );
  const cut = (values: ArrayLike<number>) => Float32Array.from(order.flatMap((p) => [0, 1, 2, 3].map((c) => values[4 * p + c])));
  const cutFeatures = (from: Weights) => {
    const cutOut = cut(data(from, "pyramid.0"));
    return changed(features(cells, 4, 1), "pyramid.0", (_, i) => cutOut[i]);
  };
  const parts = await distill(await testEngine(), samkd, {
    ...{ scene: cells, knobs: { ...knobs, regions: "1" }, modules: awake },
    ...{ student: cutFeatures(whole.weights), teacher: cutFeatures(whole.teacher) },
  });
  const [a, b] = [await whole.run(), await parts.run()];
  const rebuilt = cut(a.maps["reconstruction.0.2"]);
  for (const [i, v] of rebuilt.entries()) expect(v).toBeCloseTo(b.maps["reconstruction.0.1"][i], 5);
  expect(a.values.feature).toBeCloseTo(b.values.feature, 5);
});

test("separate blocks per scale equal shared ones while their weights are equal", async () => {
  const shared = await distill(await testEngine(), samkd, { knobs: {} });
  const copies = (fresh: Weights): Weights =>
    new Map(
      [...fresh].map(([name, { shape }]) => [
        name,
        { shape, data: data(shared.weights, `kd.${name.replace(/^(theta_.\.\d)\.\d\./, "$1.")}`) },
      ]),
    );
  const separate = await distill(await testEngine(), samkd, { knobs: { theta: "scale" }, modules: copies });
  const [a, b] = [await shared.run(), await separate.run()];
  expect(b.values.feature).toBeCloseTo(a.values.feature, 5);
  for (const name of Object.keys(a.maps)) for (const [i, v] of a.maps[name].entries()) expect(b.maps[name][i], name).toBeCloseTo(v, 5);
});

describe("MGD's question as two switches", () => {
  const run = async (knobs: Record<string, number | string>) =>
    (await distill(await testEngine(), samkd, { scene: EQUAL, knobs: { sld: "off", ...knobs }, modules: awake })).run();

  test("without masking the blocks see everything, and the pictures say so", async () => {
    const [off, never] = [await run({ masking: "off" }), await run({ omegaS: 100, omegaC: 2 })];
    expect([off.values, off.maps]).toEqual([never.values, never.maps]);
    for (const view of ["mask.0.4", "channelMask.0.4"]) expect(new Set(off.maps[view])).toEqual(new Set([1]));
  });

  test("without blocks what is left is compared; with neither, features are imitated plainly", async () => {
    const [student, target] = [features(EQUAL, 4, 1), features(EQUAL, 4, 2)].map((from) => data(from, "pyramid.0"));
    const error = (change: (i: number) => number) => sum(student.map((v, i) => (v * change(i) - target[i]) ** 2)) / student.length;
    expect((await run({ masking: "off", blocks: "off" })).values.feature).toBeCloseTo(
      error(() => 1),
      4,
    );
    const { values, maps } = await run({ blocks: "off", regions: "1", lambda: 1, mu: 0 });
    expect(values.feature).toBeCloseTo(
      error((i) => maps["mask.0.1"][Math.floor(i / 4)]),
      4,
    );
    expect(Math.min(...maps["mask.0.1"])).toBe(0);
  });
});

describe("gradients of every reading", () => {
  const readings: Record<string, string | number>[] = [
    { phi: "identity", omegaS: 0.7, difference: "pooled", divergence: "bernoulli", borders: "cropped" },
    { phi: "softmax", difference: "pixels", theta: "scale", regions: "1+4", temperature: 2 },
    { reduction: "literal", sfd: "off", regions: "2", projection: "trained" },
    { blocks: "off", sld: "off" },
  ];
  test.each(readings)("%o", async (knobs) => {
    await checkGradients(await distill(await testEngine(), samkd, { knobs: { detach: "on", ...knobs }, modules: awake }));
  });
});

describe("DMKD", () => {
  test("is SAMKD with one region and without logits; learned shares start where fixed ones stand", async () => {
    const engine = await testEngine();
    const plain = await (await distill(engine, samkd, { knobs: { regions: "1", sld: "off" } })).run();
    const dual = await (await distill(engine, dmkd, { knobs: {} })).run();
    const learned = await (await distill(engine, dmkd, { knobs: { shares: "learned" } })).run();
    expect(dual.values.feature).toBe(plain.values.feature);
    expect(learned.values.feature).toBeCloseTo(dual.values.feature, 6);
  });

  test("learns its shares", async () => {
    const distilled = await distill(await testEngine(), dmkd, { knobs: { shares: "learned" }, modules: awake });
    await checkGradients(distilled);
    expect((await distilled.run()).gradients.get("kd.share.0")?.[0]).not.toBe(0);
  });
});
