/** The values of DKD and SDD on a small batch, beside their formulas in float64. */
import { expect, test } from "vitest";
import { testEngine } from "../../ops/check";
import { regionsOf } from "../../ops/regions";
import { softmax64 } from "../../ops/softmax.fixture";
import { distill, features, labels, type Scene } from "./distill.fixture";
import { dkd } from "./dkd";
import { sum } from "./gradients.fixture";
import type { logit } from "./logit";
import { sdd } from "./sdd";

const CLASSES = 3;
const ONE: Scene = { batch: 2, sides: [8], student: 4, teacher: 4, classes: CLASSES, anchors: 1 };
const [student, teacher] = [features(ONE, 4, 1), features(ONE, 4, 2)];
const run = async (method: typeof dkd | typeof sdd | typeof logit, knobs: Record<string, number | string>) =>
  (await distill(await testEngine(), method as typeof dkd, { scene: ONE, student, teacher, knobs })).run();

const logitsOf = (weights: typeof student) => weights.get("cls.0")?.data as Float32Array;
const at = (z: ArrayLike<number>, row: number) => Array.from({ length: CLASSES }, (_, c) => z[row * CLASSES + c]);
const softmax = (z: number[], T: number) =>
  softmax64(
    z.map((v) => v / T),
    z.length,
  );
const kl = (p: ArrayLike<number>, q: ArrayLike<number>) => sum(Array.from(p, (v, i) => v * Math.log(v / q[i])));

test("DKD is a mean over the places that answer for an object, of the target and of the other classes", async () => {
  const T = 2;
  const { values, maps } = await run(dkd, { temperature: T });
  const wanted = { target: 0, others: 0 };
  const [targets] = labels(ONE);
  for (const [row, label] of targets.entries()) {
    if (label >= CLASSES) continue;
    const both = [teacher, student].map((weights) => at(logitsOf(weights), row));
    const [p, q] = both.map((z) => softmax(z, T)[label]);
    wanted.target += (T * T * kl([p, 1 - p], [q, 1 - q])) / 3;
    const [u, v] = both.map((z) => softmax(z.toSpliced(label, 1), T));
    wanted.others += (T * T * kl(u, v)) / 3;
  }
  for (const term of ["target", "others"] as const) {
    expect(values[term] / wanted[term]).toBeCloseTo(1, 4);
    for (const [row, value] of (maps[`${term}.0`] as Float32Array).entries()) if (targets[row] >= CLASSES) expect(value).toBe(0);
  }
});

/** Mean logits of a region of one image. */
function pooled(z: Float32Array, image: number, [top, left, bottom, right]: readonly number[]): number[] {
  const rows = Array.from({ length: 64 }, (_, p) => p).filter((p) => p >> 3 >= top && p >> 3 < bottom && p % 8 >= left && p % 8 < right);
  return Array.from({ length: CLASSES }, (_, c) => sum(rows.map((p) => z[(64 * image + p) * CLASSES + c])) / rows.length);
}

const top = (z: number[]) => z.indexOf(Math.max(...z));

test("SDD is a mean over regions of three scales, twice what contradicts the teacher's top class of the whole map", async () => {
  const weigh = 5;
  const { values, maps } = await run(sdd, { contradicting: weigh });
  const regions = regionsOf([1, 2, 4], [8, 8]);
  const weights: number[] = [];
  const terms = [0, 1].flatMap((image) => {
    const whole = top(pooled(logitsOf(teacher), image, [0, 0, 8, 8]));
    return regions.map((region) => {
      const [t, s] = [teacher, student].map((network) => pooled(logitsOf(network), image, region));
      weights.push(top(t) === whole ? 1 : weigh);
      return (top(t) === whole ? 1 : weigh) * kl(softmax(t, 1), softmax(s, 1));
    });
  });
  expect(values.logit / (sum(terms) / terms.length)).toBeCloseTo(1, 4);
  expect(Array.from(maps["weight.0.4"])).toEqual([...weights.slice(5, 21), ...weights.slice(26)]);
  // Both kinds of region are there.
  expect(new Set(weights)).toEqual(new Set([1, weigh]));
  const alike = await run(sdd, { regions: "1", contradicting: 7 });
  expect(alike.values.logit).toBeCloseTo(sum([0, 21].map((i) => terms[i])) / 2, 5);
});
