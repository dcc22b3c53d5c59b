import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { decoupled64, decoupledCase, disagreementCase, kl, softmax } from "./cases/decoupling";
import { check, randoms, testEngine } from "./check";
import { decoupledLoss, disagreement } from "./decoupling";

test.for([
  { part: "target", T: 1, classes: 4 },
  { part: "target", T: 4, classes: 2 },
  { part: "others", T: 1, classes: 4 },
  { part: "others", T: 3, classes: 2 },
  { part: "target", T: 1, classes: 1 },
] as const)(
  "DKD's $part part of $classes classes at T = $T is the authors' formula, at rows with a target alone",
  async ({ part, T, classes }) => {
    await check(await testEngine(), decoupledCase(part, T, classes));
  },
);

test("together they are plain distillation: KD = TCKD + (1 - p) NCKD, p the teacher's at the target", () => {
  const [s, t] = [3, 4].map((seed) => [...randoms(5, seed)].map((v) => 2 * v));
  const whole = kl(softmax(t), softmax(s));
  const parts = (["target", "others"] as const).map((part) => decoupled64(part, s, t, 3, 1));
  expect(parts[0] + (1 - softmax(t)[3]) * parts[1]).toBeCloseTo(whole, 12);
});

test("regions whose top class is not the whole map's weigh more, of several groups by their mean", async () => {
  await check(await testEngine(), disagreementCase());
});

test("shapes that do not match are refused", async () => {
  const graph = new Graph(await testEngine());
  const [z, labels] = [graph.temp([2, 6]), graph.temp([4], "u32")];
  const options = { labels, classes: 3, part: "target", temperature: 1, normaliser: 1 } as const;
  expect(() => decoupledLoss(z, graph.temp([2, 3]), options)).toThrow("[2,6], [2,3]");
  expect(() => decoupledLoss(z, z, { ...options, classes: 2 })).toThrow("labels [4]");
  expect(() => disagreement(graph.temp([2, 3, 4]), graph.temp([2, 2, 4]), 2, 2)).toThrow("whole maps [2,2,4]");
});
