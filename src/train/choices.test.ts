/** Every way to choose patches, in whole steps: exactly k of them, those the definition names, and no kernel compiled for a change. */
import { describe, expect, test } from "vitest";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { uniform } from "../engine/random";
import type { Fetched } from "../engine/readback";
import { CRITERIA, highestOf } from "../methods/masking";
import { forwardStudent, forwardTeacher, type KeepChoice, selectPatches } from "../methods/vitMasking";
import { saliency } from "../ops/attention";
import { compare, testEngine } from "../ops/check";
import { type Model, traceLosses } from "../tasks/classification/step";
import { distillationOf, loadBatch, makeScene, model, type Scene, STUDENT } from "./step.fixture";

const N = 16;
const BATCH = 8;

/** A network of no classes, another patch grid and another image size, as a self-supervised guide may be. */
const GUIDE = { ...STUDENT, image: 20, patch: 4, classes: 0, width: 12, heads: 3 };

/** One step's losses and views, without the update. */
async function seen(scene: Scene, keep: KeepChoice): Promise<Fetched> {
  const graph = new Graph(scene.engine);
  const { outputs } = traceLosses(graph, { ...scene, distillation: distillationOf(scene, keep) });
  const program = await Program.compile(graph, outputs);
  const found = await program.fetch();
  program.dispose();
  return found;
}

const rows = (flat: ArrayLike<number>, k: number) =>
  Array.from({ length: flat.length / k }, (_, b) => Array.from({ length: k }, (_, i) => flat[b * k + i]));

const ranked = (scores: number[]) => [...scores.keys()].sort((i, j) => scores[j] - scores[i] || i - j);

async function sceneWithGuide() {
  const scene = makeScene(await testEngine());
  loadBatch(scene, 0);
  return { scene, guide: model(scene.engine, GUIDE, 7) };
}

describe.each(CRITERIA)("chosen by %s", (criterion) => {
  test.each(["teacher", "student"] as const)("the %s sees exactly k different patches of every image", async (masked) => {
    const { scene, guide } = await sceneWithGuide();
    for (const [k, queries] of [
      [1, "cls"],
      [5, "patches"],
      [15, "cls"],
    ] as const) {
      const highest = highestOf(k, 9, 10);
      const { kept, score } = await seen(scene, { k, criterion, queries, masked, guide, highest, random: { seed: 4, step: 3 } });
      expect(kept.length).toBe(BATCH * k);
      for (const [b, row] of rows(kept, k).entries()) {
        expect(new Set(row).size).toBe(k);
        expect(Math.max(...row)).toBeLessThan(N);
        const order = ranked(rows(score, N)[b]);
        if (criterion === "bottom") order.reverse();
        const byScore = criterion.endsWith("late-random") ? highest : k;
        expect(row.slice(0, byScore)).toEqual(order.slice(0, byScore));
      }
    }
  });
});

test("late randomness draws in the second half: of 98 patches 78 stay the highest", () => {
  expect([0, 49, 50, 99].map((step) => highestOf(98, step, 100))).toEqual([98, 98, 78, 78]);
  expect(highestOf(5, 3, 6)).toBe(4);
  expect(highestOf(1, 5, 6)).toBe(1);
});

test("random patches are those of the highest draws, other ones at the next step", async () => {
  const { scene } = await sceneWithGuide();
  const at = async (step: number) => rows((await seen(scene, { k: 6, criterion: "random", random: { seed: 4, step } })).kept, 6);
  for (const step of [0, 1]) {
    const draws = (b: number) => Array.from({ length: N }, (_, i) => uniform(4, 0x200, step, N * b + i));
    expect(await at(step)).toEqual(Array.from({ length: BATCH }, (_, b) => ranked(draws(b)).slice(0, 6)));
  }
});

describe("scores", () => {
  /** The scores of a choice, and what they should be made of. */
  async function both(keep: KeepChoice, expected: (networks: Scene & { guide: Model }, images: Tensor) => Tensor) {
    const { scene, guide } = await sceneWithGuide();
    const graph = new Graph(scene.engine);
    const images = graph.fixed(scene.batch.images, [BATCH, 1, STUDENT.image, STUDENT.image]);
    const student = { params: scene.student.params.on(graph, false), config: STUDENT };
    const { score } = selectPatches({ student, teacher: scene.teacher }, images, forwardStudent(student, images, keep), { guide, ...keep });
    if (!score) throw new Error("no choice was made");
    return (await Program.compile(graph, { score, expected: expected({ ...scene, guide }, images) })).fetch();
  }

  test.each([
    [1, 0],
    [2, 1],
    [0, 1],
    [9, 1],
  ])("of block %i are its attention, also when patches ask", async (block, index) => {
    for (const queries of ["cls", "patches"] as const) {
      const { score, expected } = await both({ k: 4, block, queries }, ({ student }, images) => {
        const pass = forwardStudent({ params: student.params.on(images.graph, false), config: STUDENT }, images, { k: 4, queries });
        return saliency(pass.attention[index], { queries });
      });
      expect(score).toEqual(expected);
    }
  });

  test("of the teacher are its last block's when it sees everything", async () => {
    const { score, expected } = await both({ k: 4, criterion: "teacher" }, ({ teacher }, images) =>
      saliency(forwardTeacher(teacher, images).attention[2]),
    );
    expect(score).toEqual(expected);
  });

  test("of a guide are resized from its patch grid, with half-pixel centres", async () => {
    const { score, expected } = await both({ k: 4, criterion: "guide" }, ({ guide }, images) =>
      saliency(forwardTeacher(guide, images).attention[1]),
    );
    const weights = (out: number, from = 5, to = 4) => {
      const at = Math.min(from - 1, Math.max(0, ((out + 0.5) * from) / to - 0.5));
      return Array.from({ length: from }, (_, i) => Math.max(0, 1 - Math.abs(at - i)));
    };
    const resized = Array.from({ length: BATCH * N }, (_, i) => {
      const [wy, wx] = [weights(Math.floor((i % N) / 4)), weights(i % 4)];
      const map = expected.subarray(25 * Math.floor(i / N));
      return wy.reduce((sum, y, r) => sum + wx.reduce((s, x, c) => s + x * y * map[5 * r + c], 0), 0);
    });
    compare("scores", score, resized, 1e-6);
  });

  test("of a guide that is not loaded are refused", async () => {
    const { scene } = await sceneWithGuide();
    await expect(seen(scene, { k: 4, criterion: "guide" })).rejects.toThrow(/no guide/);
  });
});

describe("a masked student", () => {
  test("learns from the whole image when all patches are kept: as an unmasked one", async () => {
    const { scene } = await sceneWithGuide();
    const [masked, plain] = [await seen(scene, { k: N, masked: "student" }), await seen(scene, { k: N })];
    expect(masked).toEqual(plain);
  });

  test("is taught by a teacher that sees everything, and answers on k patches", async () => {
    const { scene } = await sceneWithGuide();
    const [masked, plain] = [await seen(scene, { k: 4, masked: "student" }), await seen(scene, { k: N })];
    expect(masked.teacherLogits).toEqual(plain.teacherLogits);
    expect(masked.logits).not.toEqual(plain.logits);
  });

  test("sends its gradient to every parameter, and none through the pass that chose the patches", async () => {
    const { scene } = await sceneWithGuide();
    const graph = new Graph(scene.engine);
    const { grads } = traceLosses(graph, { ...scene, distillation: distillationOf(scene, { k: 4, masked: "student" }) });
    const used = grads.pieces.filter((p) => p.parameter.buffer === scene.student.params.buffer);
    expect(new Set(used.map((p) => p.parameter.offset)).size).toBe(scene.student.params.places.size);
    const plain = traceLosses(new Graph(scene.engine), { ...scene, distillation: distillationOf(scene, { k: N }) });
    expect(used.length).toBe(plain.grads.pieces.length);
  });
});
