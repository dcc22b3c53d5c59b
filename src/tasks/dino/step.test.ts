/** A whole step against float64: crops, patches chosen by the student on the same crop, both networks, the loss over all pairs. */
import { expect, test } from "vitest";
import { Graph, Live } from "../../engine/graph";
import { Program } from "../../engine/program";
import { SELF_METHODS } from "../../methods/dino";
import type { SelfMethod } from "../../methods/dino/method";
import { Params } from "../../models/params";
import { projection64 } from "../../models/projection.fixture";
import { layerNorm, lookup, vitForward64, type Weights64 } from "../../models/vit/reference";
import type { Weights } from "../../models/weights";
import { compare, randoms, testEngine, upload } from "../../ops/check";
import { positions64 } from "../../ops/positions.fixture";
import { centred64, viewLoss64 } from "../../ops/selfDistillation.fixture";
import { cropsOf } from "./crops";
import { configsOf, initStudent, initTeacher } from "./pair";
import { traceViews } from "./step";
import { dataset, SETTINGS } from "./task.fixture";

const BATCH = 3;
const LOCAL = 2;
const { vit, head } = configsOf(SETTINGS as never, dataset);
const weights = initStudent(vit, head, 1);
const other = initTeacher(initStudent(vit, head, 2));
other.get("centre")?.data.set(randoms(head.outputs, 9));

const rows = (values: ArrayLike<number>, each: number) =>
  Array.from({ length: values.length / each }, (_, i) => Array.from({ length: each }, (_, j) => values[i * each + j]));

/** Cosines of images, of which some patches may be seen. */
function answers64(of: Weights, images: ArrayLike<number>, side: number, keep?: number[][]): Float64Array {
  const config = { ...vit, image: side };
  const positions = positions64(of.get("pos_embed")!.data, vit.image / vit.patch, side / vit.patch, vit.width);
  const fitted: Weights64 =
    side === vit.image ? of : new Map<string, { data: ArrayLike<number> }>(of).set("pos_embed", { data: positions });
  const seen = vitForward64(config, fitted, images, images.length / (3 * side * side), keep);
  const values = Object.fromEntries([...of].map(([name, { data }]) => [name, Float64Array.from(data)]));
  const features = layerNorm(lookup(of), "norm", Float64Array.from(seen.cls[vit.depth - 1].flat()), vit);
  return projection64(features, values);
}

test.each([{ k: 16 }, { k: 5 }])("of $k kept patches", async ({ k }) => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const pixels = randoms(BATCH * 3 * vit.image ** 2, 4);
  const images = upload(engine, pixels, "f32");
  const [student, teacher] = [weights, other].map((of) => ({ params: new Params(engine, of), config: vit }));
  const crops = { seed: 3, step: 2, share: 0.5, count: LOCAL, side: 8 };
  const knobs = { temperature: new Live(0.2), teacherTemperature: new Live(0.1), centring: new Live(0.9), momentum: new Live(1) };
  const batch = { size: BATCH, images };
  const method = SELF_METHODS.dino as SelfMethod;
  const { outputs } = traceViews(graph, { student, teacher, batch, crops, keep: { k }, method, knobs, momentum: new Live(1) });
  const shown = cropsOf(graph.fixed(images, [BATCH, 3, vit.image, vit.image]), crops);
  const program = await Program.compile(graph, { ...outputs, global: shown.global, local: shown.local! });
  const found = await program.fetch();
  const kept = found.kept && rows(found.kept, k);
  expect(kept?.length).toBe(k < 16 ? 2 * BATCH : undefined);
  const views = [...answers64(weights, found.global, vit.image), ...answers64(weights, found.local, 8)];
  const q = centred64(answers64(other, found.global, vit.image, kept), other.get("centre")!.data, 0.1);
  const { value, terms } = viewLoss64(views, q, { batch: BATCH, outputs: head.outputs, temperature: 0.2 });
  expect(terms).toBe(2 * (2 + LOCAL) - 2);
  compare("loss", found.loss, [value], 1e-4);
  const entropies = rows(q, head.outputs).map((row) => -row.reduce((sum, p) => sum + (p && p * Math.log(p)), 0));
  compare("entropy", found.entropy, [entropies.reduce((a, b) => a + b, 0) / entropies.length], 1e-4);
  const mean = Array.from({ length: head.outputs }, (_, c) => rows(q, head.outputs).reduce((sum, row) => sum + row[c] / (2 * BATCH), 0));
  compare("answer", found.answer, mean, 1e-5);
  if (kept) expectBest(found.global, kept);
  program.dispose();
  for (const { params } of [student, teacher]) params.destroy();
});

/** The kept patches are those that the student's class token attends to most in the same crop. */
function expectBest(global: ArrayLike<number>, kept: number[][]): void {
  const { attention } = vitForward64(vit, weights, global, kept.length);
  const tokens = 17;
  const last = attention[vit.depth - 1];
  for (const [image, patches] of kept.entries()) {
    const score = (patch: number) => {
      const at = (h: number) => last[(image * vit.heads + h) * tokens ** 2 + 1 + patch];
      return Array.from({ length: vit.heads }, (_, h) => at(h)).reduce((a, b) => a + b, 0);
    };
    const order = Array.from({ length: tokens - 1 }, (_, patch) => patch).sort((a, b) => score(b) - score(a));
    expect([...patches].sort()).toEqual(order.slice(0, patches.length).sort());
  }
}
