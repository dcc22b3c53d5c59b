/** Patches and tokens against loops written out plainly, with all patches, some, one and none. */
import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { assembleCase, type Case, patchifyCase } from "./cases/tokens";
import { check, testEngine } from "./check";
import { assemble, patchify } from "./tokens";

const SOME = ["827", "120", "438"].map(digits);
const ALL = ["3102", "0231"].map(digits);

const CASES: [string, Case][] = [
  ["every patch", { batch: 3, channels: 2, image: 9, patch: 3, width: 5 }],
  ["some, in no order", { batch: 3, channels: 2, image: 9, patch: 3, width: 5, keep: SOME }],
  ["all, shuffled", { batch: 2, channels: 1, image: 4, patch: 2, width: 8, keep: ALL }],
  ["an image of one patch", { batch: 2, channels: 3, image: 5, patch: 5, width: 1 }],
  ["a distillation token", { batch: 3, channels: 2, image: 9, patch: 3, width: 5, keep: SOME, distilled: true }],
  ["a distillation token, every patch", { batch: 2, channels: 1, image: 4, patch: 2, width: 8, distilled: true }],
  ["positions of patches alone", { batch: 3, channels: 2, image: 9, patch: 3, width: 5, keep: SOME, unplaced: true }],
  ["neither with a position, every patch", { batch: 2, channels: 1, image: 4, patch: 2, width: 8, distilled: true, unplaced: true }],
  ["an oblong image", { batch: 2, channels: 2, image: 4, columns: 10, patch: 2, width: 3 }],
  ["an oblong image, some patches", { batch: 3, channels: 1, image: 9, columns: 12, patch: 3, width: 5, keep: SOME }],
  ["overlapping patches, pixels left over", { batch: 2, channels: 2, image: 7, columns: 10, patch: 4, stride: 2, width: 3 }],
  [
    "overlapping, some patches",
    { batch: 3, channels: 1, image: 8, columns: 12, patch: 4, stride: 3, width: 3, keep: ["201", "120", "012"].map(digits) },
  ],
  ["patches of one pixel", { batch: 1, channels: 1, image: 7, patch: 1, width: 3 }],
];

const NONE: Case = { batch: 3, channels: 1, image: 6, patch: 3, width: 7, keep: [[], [], []] };

function digits(row: string): number[] {
  return [...row].map(Number);
}

describe.each(CASES)("%s", (_, c) => {
  test("patchify", async () => {
    await check(await testEngine(), patchifyCase(c));
  });

  test("assemble and its gradients", async () => {
    await check(await testEngine(), assembleCase(c));
  });
});

test("with no patch kept there is the class token alone, and positions get no gradient", async () => {
  await check(await testEngine(), assembleCase(NONE));
});

test.each(["embedded", "pos", "cls"])("a gradient reaches %s, and nothing else, when it alone is wanted", async (only) => {
  const graph = new Graph(await testEngine());
  const tensor = (name: string, shape: number[]) => graph.fixed({} as GPUBuffer, shape, "f32", 0, name === only);
  const parts = { embedded: tensor("embedded", [8, 3]), pos: tensor("pos", [1, 5, 3]), cls: tensor("cls", [1, 1, 3]) };
  const out = assemble(parts.embedded, parts.pos, parts.cls, { batch: 2, channels: 1, image: 4, patch: 2 });
  const grads = graph.gradients((g) => g.alias(out, graph.temp(out.shape)));
  const reached = Object.entries(parts).filter(([, t]) => grads.of(t) || grads.pieces.some((p) => p.parameter === t.storage));
  expect(reached.map(([name]) => name)).toEqual([only]);
});

test("refuses images, positions and kept patches that do not fit", async () => {
  const graph = new Graph(await testEngine());
  const o = { batch: 2, channels: 1, image: 4, patch: 2 };
  const [embedded, pos, cls] = [graph.temp([8, 3]), graph.temp([1, 5, 3]), graph.temp([1, 1, 3])];
  expect(() => patchify(graph.temp([2, 1, 4, 5]), o)).toThrow("images are [2,1,4,5], not [2,1,4,4]");
  expect(() => patchify(graph.temp([2, 1, 4, 4]), { ...o, kept: graph.temp([3, 2], "u32") })).toThrow("not u32 [2,k]");
  expect(() => patchify(graph.temp([2, 1, 4, 4]), { ...o, kept: graph.temp([2, 2]) })).toThrow("kept patches are f32 [2,2]");
  expect(() => assemble(embedded, graph.temp([1, 4, 3]), cls, o)).toThrow("positions are [1,4,3] for 4 patches of width 3");
  expect(() => assemble(graph.temp([7, 3]), pos, cls, o)).toThrow("7 embedded patches for 2 images of 4");
});
