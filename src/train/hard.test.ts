/** Hard labels and a distillation token: which head learns from what, against the formulas in float64. */
import { expect, test } from "vitest";
import { Graph, Live } from "../engine/graph";
import { Program } from "../engine/program";
import { hard } from "../methods/classification/hard";
import { maskedkd } from "../methods/classification/maskedkd";
import type { ClassificationMethod } from "../methods/classification/method";
import { compare, testEngine } from "../ops/check";
import { traceLosses } from "../tasks/classification/step";
import { loadBatch, makeScene, model, STUDENT } from "./step.fixture";

const rowsOf = (x: ArrayLike<number>, cols: number) =>
  Array.from({ length: x.length / cols }, (_, r) => Array.from({ length: cols }, (_, c) => x[r * cols + c]));
const logSoftmax = (z: number[]) => z.map((v) => v - Math.log(z.reduce((s, u) => s + Math.exp(u), 0)));
const mean = (values: number[]) => values.reduce((a, v) => a + v, 0) / values.length;

/** Losses of a student of that family, and what both networks said. */
async function losses(method: ClassificationMethod, knobs: Record<string, Live>, family?: "deit-distilled") {
  const { engine, batch, teacher, student: plain } = makeScene(await testEngine());
  loadBatch({ engine, batch, teacher, student: plain } as ReturnType<typeof makeScene>, 0);
  const student = family ? model(engine, { ...STUDENT, family }, 3) : plain;
  const graph = new Graph(engine);
  const { outputs } = traceLosses(graph, { student, batch, distillation: { teacher, keep: { k: 5 }, methods: [{ method, knobs }] } });
  return (await Program.compile(graph, outputs)).fetch();
}

test("is the cross entropy with the class that the masked teacher finds likeliest", async () => {
  const out = await losses(hard as ClassificationMethod, { beta: new Live(1) });
  const k = STUDENT.classes;
  const teacher = rowsOf(out.teacherLogits, k);
  const expected = mean(rowsOf(out.logits, k).map((row, b) => -logSoftmax(row)[teacher[b].indexOf(Math.max(...teacher[b]))]));
  compare("hard", out.hard, [expected], 1e-5);
});

test("a distilled student's heads differ in what they learn from, and answer together", async () => {
  const one = await losses(hard as ClassificationMethod, { beta: new Live(1) }, "deit-distilled");
  const k = STUDENT.classes;
  const teacher = rowsOf(one.teacherLogits, k);
  const wrong = mean(rowsOf(one.logits, k).map((row, b) => -logSoftmax(row)[teacher[b].indexOf(Math.max(...teacher[b]))]));
  expect(Math.abs(one.hard[0] - wrong)).toBeGreaterThan(1e-4);
  const soft = await losses(maskedkd as ClassificationMethod, { lambda: new Live(1), temperature: new Live(1) }, "deit-distilled");
  expect(soft.logits).toEqual(one.logits);
  expect(soft.ce).toEqual(one.ce);
});
