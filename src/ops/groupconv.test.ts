import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { type Case, groupConv64, groupConvCase } from "./cases/groupconv";
import { check, testEngine } from "./check";
import { mix } from "./features";
import { groupConv2d } from "./groupconv";

const CASES: Case[] = [
  { x: [2, 5, 9, 16], out: 16, groups: 4, kernel: [3, 3] },
  { x: [2, 6, 7, 8], out: 16, groups: 1, kernel: [3, 3], stride: 2 },
  { x: [1, 4, 5, 16], out: 16, groups: 2, kernel: [3, 3] },
  { x: [1, 4, 3, 8], out: 8, groups: 2, kernel: [1, 1], stride: 2 },
  { x: [1, 8, 7, 8], out: 16, groups: 2, kernel: [3, 3], stride: 3, padding: 2 },
  { x: [1, 5, 6, 8], out: 8, groups: 2, kernel: [2, 3], padding: 0 },
];

test.for(CASES.map((o) => ({ o, name: JSON.stringify(o) })))("$name: values and gradients", async ({ o }) => {
  await check(await testEngine(), groupConvCase(o));
});

test("and on adapters whose lanes cannot pass on what they loaded", async () => {
  await check(await testEngine({ without: ["subgroups"] }), groupConvCase(CASES[0]));
});

test("a gradient is added to what is there, and a frozen kernel gets none", async () => {
  const o: Case = { x: [2, 5, 6, 8], out: 8, groups: 2, kernel: [3, 3] };
  await check(await testEngine(), {
    inputs: { x: { shape: o.x, grad: true }, w: { shape: [8, 3, 3, 4] } },
    op: ({ x, w }) => mix(groupConv2d(x, w), x, { lambda: 1, mu: -2 }),
    reference: ({ x, w }) => [groupConv64(x, w, o).map((v, i) => v - 2 * x[i])],
  });
});

test("groups that do not come by fours, and maps too small, are refused", async () => {
  const graph = new Graph(await testEngine());
  const of = (x: number[], w: number[], more = {}) => groupConv2d(graph.temp(x), graph.temp(w), more);
  expect(() => of([1, 4, 4, 12], [12, 3, 3, 6])).toThrow("W is [12,3,3,6]");
  expect(() => of([1, 4, 4, 8], [12, 3, 3, 4])).toThrow("W is [12,3,3,4]");
  expect(() => of([1, 4, 4, 8], [8, 3, 3, 3])).toThrow("W is [8,3,3,3]");
  expect(() => of([1, 2, 2, 8], [8, 3, 3, 4], { padding: 0 })).toThrow("larger than a map");
  expect(() => of([1, 4, 4, 8], [8, 2, 2, 4])).toThrow("padding 0.5");
});
