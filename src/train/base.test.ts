/** Base losses in whole networks, masked or not: against float64 on the networks' own outputs, and what they must not be. */
import { describe, expect, test } from "vitest";
import { Graph, Live, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { uniform } from "../engine/random";
import { BASE_LOSSES } from "../methods/classification";
import type { ClassificationMethod, DistillContext } from "../methods/classification/method";
import { ends } from "../methods/gram";
import type { Knobs } from "../methods/method";
import { forwardStudent, forwardTeacher, selectPatches } from "../methods/vitMasking";
import { compare, randoms, testEngine, upload } from "../ops/check";
import { softLabels } from "../tasks/classification/softLabels";
import { type Distillation, traceLosses } from "../tasks/classification/step";
import { loadBatch, makeScene, model, type Scene, STUDENT } from "./step.fixture";

const [BATCH, N, K] = [8, 16, 5];
const RANDOM = { seed: 6, step: 2 };

async function scene(): Promise<Scene> {
  const made = makeScene(await testEngine());
  loadBatch(made, 0);
  return made;
}

/** Student and teacher of one recording. The masked network is shown K patches; without a mask both see all. */
function both({ engine, batch, student, teacher }: Scene, masked?: "teacher" | "student") {
  const graph = new Graph(engine);
  const images = graph.fixed(batch.images, [BATCH, 1, STUDENT.image, STUDENT.image]);
  const bound = { params: student.params.on(graph, true), config: STUDENT };
  const whole = forwardStudent(bound, images, undefined, { allTokens: true });
  const { kept } = selectPatches({ student: bound, teacher }, images, whole, { k: masked ? K : N, masked });
  const seen = masked === "student" ? forwardTeacher(student, images, { kept, allTokens: true }) : whole;
  const answer = forwardTeacher(teacher, images, { kept: masked === "teacher" ? kept : undefined, allTokens: true });
  return {
    graph,
    kept,
    student: { result: seen, ...(masked === "teacher" && { shared: kept }) },
    teacher: { result: answer, ...(masked === "student" && { shared: kept }) },
  };
}

type Base = keyof typeof BASE_LOSSES;

/** A base loss of two networks' outputs, with knobs besides the defaults. */
function baseLoss(base: Base, student: DistillContext["student"], teacher: DistillContext["teacher"], knobs = {}) {
  const method = BASE_LOSSES[base] as ClassificationMethod;
  return method.losses({ student, teacher, random: RANDOM, knobs: { ...knobsOf(base), ...knobs } }).losses[base];
}

/** The defaults, with a weight. */
function knobsOf(base: Base, beta = 1) {
  const values = Object.entries(BASE_LOSSES[base].knobs as Knobs).map(([name, { kind, default: value }]) => [
    name,
    kind === "number" ? new Live(value) : value,
  ]);
  return { ...Object.fromEntries(values), beta: new Live(beta) };
}

/** Soft labels and a base loss of that weight. */
function withBase({ methods, ...rest }: Distillation, base: Base, beta: number): Distillation {
  return { ...rest, methods: [...methods, { method: BASE_LOSSES[base] as ClassificationMethod, knobs: knobsOf(base, beta) }] };
}

const fetched = async (graph: Graph, outputs: Record<string, Tensor>) => (await Program.compile(graph, outputs)).fetch();

/** Unit rows of [B, tokens, width]; of those that are shared, when not all are. */
function units(x: ArrayLike<number>, width: number, kept?: ArrayLike<number>): number[][] {
  const rows = Array.from({ length: x.length / width }, (_, r) => Array.from({ length: width }, (_, c) => x[r * width + c]));
  const unit = rows.map((row) => row.map((v) => v / Math.hypot(...row)));
  if (!kept) return unit;
  return Array.from({ length: BATCH }, (_, b) =>
    [0, ...Array.from({ length: K }, (_, j) => 1 + kept[b * K + j])].map((t) => unit[b * (N + 1) + t]),
  ).flat();
}

/** Mean squared difference of the Gram matrices of these rows. */
function gram(s: number[][], t: number[][], rows: number[]): number {
  const dot = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  let sum = 0;
  for (const i of rows) for (const j of rows) sum += (dot(t[i], t[j]) - dot(s[i], s[j])) ** 2;
  return sum / rows.length ** 2;
}

function manifold64(s: number[][], t: number[][], stream = 0x210): number {
  const tokens = s.length / BATCH;
  const average = (count: number, rows: (i: number) => number[]) =>
    Array.from({ length: count }, (_, i) => gram(s, t, rows(i))).reduce((a, b) => a + b) / count;
  const images = average(BATCH, (b) => Array.from({ length: tokens }, (_, i) => b * tokens + i));
  const places = average(tokens, (i) => Array.from({ length: BATCH }, (_, b) => b * tokens + i));
  const draws = Array.from(s, (_, i) => uniform(RANDOM.seed, stream, RANDOM.step, i));
  const drawn = [...draws.keys()].sort((i, j) => draws[j] - draws[i]).slice(0, 192);
  return 4 * images + 0.1 * places + 0.2 * gram(s, t, drawn);
}

describe.each([undefined, "teacher", "student"] as const)("masked: %s", (masked) => {
  test("the manifold loss compares the shared tokens of the paired blocks", async () => {
    const { graph, kept, student, teacher } = both(await scene(), masked);
    const { value } = baseLoss("manifold", student, teacher);
    const outputs = {
      ...{ value, ...(kept && { kept }), s0: student.result.blocks[0], s1: student.result.blocks[1] },
      ...{ t0: teacher.result.blocks[0], t2: teacher.result.blocks[2] },
    };
    const found = await fetched(graph, outputs);
    const ours = (x: ArrayLike<number>) => units(x, 8, masked === "teacher" ? found.kept : undefined);
    const theirs = (x: ArrayLike<number>) => units(x, 12, masked === "student" ? found.kept : undefined);
    const expected = (manifold64(ours(found.s0), theirs(found.t0)) + manifold64(ours(found.s1), theirs(found.t2))) / 2;
    compare("manifold", found.value, [expected], 1e-5);
  });

  test("a network loses no attention to itself where it sees the same keys", async () => {
    const made = await scene();
    const shallow = { ...STUDENT, depth: 1 };
    const one = model(made.engine, shallow, 3);
    const graph = new Graph(made.engine);
    const images = graph.fixed(made.batch.images, [BATCH, 1, STUDENT.image, STUDENT.image]);
    const whole = forwardTeacher(one, images);
    const { kept } = selectPatches({ student: one, teacher: one }, images, whole, { k: masked ? K : N });
    const part = forwardTeacher(one, images, { kept });
    const sides =
      masked === "student" ? [{ result: part }, { result: whole, shared: kept }] : [{ result: whole, shared: kept }, { result: part }];
    const found = await fetched(graph, { value: baseLoss("attention", sides[0], sides[1]).value });
    expect(Math.abs(found.value[0])).toBeLessThan(1e-6);
  });
});

test("of more tokens than are compared, those are drawn once for all pairs of blocks, or for each pair anew", async () => {
  const { engine } = await scene();
  const config = { ...STUDENT, image: 24 };
  const graph = new Graph(engine);
  const images = graph.fixed(upload(engine, randoms(BATCH * 24 ** 2, 8), "f32"), [BATCH, 1, 24, 24]);
  const pass = (depth: number, seed: number) => ({
    result: forwardTeacher(model(engine, { ...config, depth }, seed), images, { allTokens: true }),
  });
  const [student, teacher] = [pass(2, 1), pass(3, 2)];
  const loss = (draws: string) => baseLoss("manifold", student, teacher, { draws }).value;
  const [s, t] = [student.result.blocks, teacher.result.blocks];
  const found = await fetched(graph, { shared: loss("shared"), anew: loss("per-layer"), s0: s[0], s1: s[1], t0: t[0], t2: t[2] });
  const pair = (a: "s0" | "s1", b: "t0" | "t2", stream: number) => manifold64(units(found[a], 8), units(found[b], 8), stream);
  const [first, same, anew] = [pair("s0", "t0", 0x210), pair("s1", "t2", 0x210), pair("s1", "t2", 0x211)];
  compare("drawn once", found.shared, [(first + same) / 2], 1e-5);
  compare("drawn anew", found.anew, [(first + anew) / 2], 1e-5);
  expect(Math.abs(anew - same)).toBeGreaterThan(1e-4 * same);
});

test("the manifold loss of a network and itself is 0, of two it is not; that of attention neither", async () => {
  const made = await scene();
  for (const base of ["manifold", "attention"] as const) {
    const { graph, student, teacher } = both(made);
    const values = { itself: baseLoss(base, student, student).value, other: baseLoss(base, student, teacher).value };
    const { itself, other } = await fetched(graph, values);
    expect(Math.abs(itself[0])).toBeLessThan(1e-7);
    expect(other[0]).toBeGreaterThan(1e-4);
  }
});

describe.each(["manifold", "attention"] as const)("the gradient of a whole step with the %s loss", (kind) => {
  const beta = { manifold: 3, attention: 2000 }[kind];

  /** Loss and gradient pieces of a step on random patches, which no change of weights moves. */
  async function step(made: Scene, masked: "teacher" | "student") {
    const graph = new Graph(made.engine);
    const keep = { k: K, masked, criterion: "random" as const, random: { seed: 1, step: 0 } };
    const { grads, outputs } = traceLosses(graph, {
      ...made,
      distillation: withBase(softLabels(made.teacher, keep, { lambda: 0 }), kind, beta),
    });
    const parts = grads.pieces.map(({ tensor }, i) => [`g${i}`, tensor] as const);
    const found = await fetched(graph, { ce: outputs.ce, base: outputs[kind], ...Object.fromEntries(parts) });
    return { loss: found.ce[0] + beta * found.base[0], found, pieces: grads.pieces };
  }

  test.each(["teacher", "student"] as const)("is that of differences, and none is the teacher's, with a masked %s", async (masked) => {
    const made = await scene();
    const { student } = made;
    const weights = await student.params.read();
    const { found, pieces } = await step(made, masked);
    expect(new Set(pieces.map((p) => p.parameter.buffer))).toEqual(new Set([student.params.buffer]));
    for (const name of ["patch_embed.proj.weight", "blocks.0.attn.qkv.weight", "blocks.1.attn.qkv.weight"]) {
      const { block, size } = student.params.places.get(name) as { block: number; size: number };
      const direction = randoms(size, 9);
      let slope = 0;
      for (const [i, p] of pieces.entries())
        if (p.parameter.offset === 256 * block)
          for (let c = 0; c < p.parts * p.size; c++) slope += found[`g${i}`][c] * direction[p.from + (c % p.size)];
      const moved = async (by: number) => {
        const { shape, data } = weights.get(name) as { shape: number[]; data: Float32Array };
        student.params.write(new Map(weights).set(name, { shape, data: data.map((v, i) => v + by * direction[i]) }));
        return (await step(made, masked)).loss;
      };
      const eps = 2e-3;
      const expected = ((await moved(eps)) - (await moved(-eps))) / (2 * eps);
      student.params.write(weights);
      expect(Math.abs(slope - expected)).toBeLessThan(1e-2 * Math.abs(expected) + 1e-3);
      expect(Math.abs(expected)).toBeGreaterThan(0.02);
    }
  });
});

test("blocks are paired from both ends, as in the published run", () => {
  expect(ends(12, 24)).toEqual([0, 1, 2, 3].map((i) => [i, i]).concat([8, 9, 10, 11].map((i) => [i, i + 12])));
  expect(ends(3, 5)).toEqual([
    [0, 0],
    [1, 1],
    [2, 4],
  ]);
  expect(ends(1, 2)).toEqual([[0, 0]]);
});

test("heads are compared one by one, or aggregated at a temperature", async () => {
  const made = await scene();
  const other = model(made.engine, { ...STUDENT, depth: 3 }, 4);
  const { graph, student } = both(made);
  const teacher = { result: forwardTeacher(other, graph.fixed(made.batch.images, [BATCH, 1, STUDENT.image, STUDENT.image])) };
  const loss = (knobs: object) => baseLoss("attention", student, teacher, knobs).value;
  const maps = (side: typeof student, block: number) => side.result.saliency({ block, perHead: true });
  const outputs = { perHead: loss({ heads: "per-head" }), ten: loss({}), twenty: loss({ temperature: new Live(20) }) };
  const found = await fetched(graph, {
    ...outputs,
    s1: maps(student, 1),
    s2: maps(student, 2),
    t2: maps(teacher, 2),
    t3: maps(teacher, 3),
  });
  const rows = (x: ArrayLike<number>) =>
    Array.from({ length: x.length / N }, (_, r) => {
      const patches = Array.from({ length: N }, (_, c) => x[N * r + c]);
      return [1 - patches.reduce((a, b) => a + b), ...patches];
    });
  const kl = (s: number[][], t: number[][]) =>
    t.reduce((sum, row, r) => sum + row.reduce((a, p, c) => a + p * Math.log(p / s[r][c]), 0), 0) / t.length;
  const expected = (kl(rows(found.s1), rows(found.t2)) + kl(rows(found.s2), rows(found.t3))) / 2;
  compare("per head", found.perHead, [expected], 1e-4);
  expect(found.twenty[0]).toBeLessThan(found.ten[0]);
  const { student: ours, teacher: theirs } = both(made);
  expect(() => baseLoss("attention", ours, theirs, { heads: "per-head" })).toThrow(/the student has 2 heads, the teacher 3/);
});

test("networks that cut images differently are refused", async () => {
  const made = await scene();
  const other = model(made.engine, { ...STUDENT, patch: 4 }, 3);
  const distillation = withBase(softLabels(other, { k: 9 }), "attention", 1);
  expect(() => traceLosses(new Graph(made.engine), { ...made, distillation })).toThrow(/cut images differently/);
});
