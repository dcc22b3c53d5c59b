/** The benchmark's command line, its seeded inputs and its arithmetic. Nothing here is timed. */
import { createHash } from "node:crypto";
import { expect, test, vi } from "vitest";
import { main, parseArguments } from "./bench";
import { lossSpread, median, type Setup } from "./contest";
import { makeSetup, normals, type Options, randomVit, type Tensors } from "./defaults";
import { keptPatches, matmulFlops, vitShape } from "./flops";
import { chosen } from "./tasks";

const options = (...argv: string[]) => ({ task: "vit-step", ...parseArguments(argv) }) as Options;

/** Comparing half a million numbers one by one takes seconds; a hash does not. */
function digest({ images, labels, student, teacher }: Setup): string {
  const hash = createHash("sha256").update(images).update(labels);
  for (const weights of [student, teacher]) for (const [name, { shape, data }] of weights) hash.update(`${name} ${shape}`).update(data);
  return hash.digest("hex");
}

test("flags are read", () => {
  const read = parseArguments(
    "--task maskedkd-step --host chromium --rounds 3 --student s --heads 2,8 --keep 0.25 --no-peer --json".split(" "),
  );
  expect(read).toMatchObject({ task: "maskedkd-step", host: "chromium", rounds: 3, heads: [2, 8], keep: 0.25, peer: false, json: true });
  expect(read.files).toEqual({ student: "s" });
});

test("a task may stand for several, none for all", () => {
  expect(chosen("conv")).toEqual(["conv-32", "conv-64", "conv-grouped-4", "conv-grouped-16"]);
  expect(chosen("vit-step")).toEqual(["vit-step"]);
  expect(chosen()).toContain("detector-step");
});

test("defaults", () => {
  expect(parseArguments([])).toMatchObject({ host: "node", heads: [4, 4], keep: 0.5, peer: true, json: false });
});

test.each([
  ["--task nonsense", /^bench: --task: expected vit-step\|.*, got nonsense$/],
  ["--host", /^bench: --host: expected node\|chromium, got nothing$/],
  ["--rounds 0", /^bench: --rounds: expected a whole number from 1, got 0$/],
  ["--keep 2", /^bench: --keep: expected a fraction/],
  ["--heads 4", /^bench: --heads: expected two counts such as 4,4, got 4$/],
  ["--speed 4", /^bench: --speed: unknown; expected one of --task/],
  ["--task vit-step --heads 3,4", /^bench: --heads: expected divisors of the widths, got 3/],
  ["--task vit-step --student nowhere", /^bench: --student: expected a safetensors file, /],
])("a mistake is one line that names the flag, and exit code 2: %s", async (line, message) => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await main(line.split(" "))).toBe(2);
  expect(said).toHaveBeenCalledTimes(1);
  expect(said.mock.calls[0]![0]).toMatch(message);
  expect(said.mock.calls[0]![0]).not.toContain("\n");
  said.mockRestore();
});

test("the seed decides every number", () => {
  const [a, b, c] = [makeSetup(options()), makeSetup(options()), makeSetup(options("--seed", "1"))];
  expect(digest(b)).toBe(digest(a));
  expect(digest(c)).not.toBe(digest(a));
  expect(a.imageShape).toEqual([32, 3, 32, 32]);
  expect(vitShape(a.student)).toMatchObject({ width: 64, depth: 4, patches: 64, classes: 10 });
  expect(vitShape(a.teacher)).toMatchObject({ width: 128, depth: 6, hidden: 512 });
});

test("files set the shapes", () => {
  const shape = { width: 8, depth: 1, hidden: 16, classes: 3, channels: 1, patch: 2, patches: 4 };
  const batch: Tensors = new Map([
    ["images", { shape: [2, 1, 4, 4], data: new Float32Array(32) }],
    ["labels", { shape: [2], data: BigInt64Array.of(1n, 2n) }],
  ]);
  const setup = makeSetup(options(), { student: randomVit(shape, normals(1)), batch });
  expect(vitShape(setup.student)).toEqual(shape);
  expect([...setup.labels]).toEqual([1, 2]);
  expect(() => makeSetup(options(), { batch })).toThrow(/^--batch: expected 3 channels and 64 patches of 4 for --student, got 2x1x4x4$/);
});

test("work is counted by one formula", () => {
  const setup = makeSetup(options());
  expect(matmulFlops(setup) / 1e9).toBeCloseTo(2.907, 3);
  expect(keptPatches({ task: "maskedkd-step", keep: 0.5 }, 64)).toBe(32);
  expect(matmulFlops({ ...setup, task: "maskedkd-step" })).toBeLessThan(matmulFlops({ ...setup, task: "maskedkd-full-step" }));
  expect(matmulFlops(makeSetup({ ...options(), task: "matmul-512" }))).toBe(2 * 512 ** 3);
  expect(matmulFlops(makeSetup(options("--task", "detector-step"))) / 1e9).toBeCloseTo(0.894, 3);
});

test("a detector's step has eight pictures with objects, and weights as PyTorch has them", () => {
  const setup = makeSetup(options("--task", "detector-step", "--detector", "atss"));
  expect(setup.imageShape).toEqual([8, 3, 128, 128]);
  expect(setup.detector!.truths.map((objects) => objects.length).every((count) => count > 0)).toBe(true);
  expect(setup.student.get("bbox_head.atss_cls.weight")!.shape).toEqual([9, 24, 3, 3]);
});

test("summary numbers", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(lossSpread([{ loss: 2 }, { loss: 1.9 }])).toBeCloseTo(0.05);
  expect(lossSpread([{ loss: 2 }])).toBe(0);
});
