import { expect, test, vi } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { openEngine } from "../engine/device";
import { FAMILIES } from "./families";
import { machineOf } from "./machine";
import { fastest, inWords, override, recalled, tune } from "./tune";
import { type Choice, choice, choose } from "./variants";

const ROWS = FAMILIES.filter(({ key }) => key === "rows");

function memory() {
  const stored = new Map<string, string>();
  return { stored, get: (k: string) => stored.get(k), set: (k: string, v: string) => void stored.set(k, v) };
}

test("tuning names variants that run here, stores them, and reads them back", async () => {
  const engine = await openEngine(await nodeGPU());
  const { stored, ...store } = memory();
  const record = await tune(engine, store, ROWS);
  expect(Object.keys(record.times.rows)).toEqual(["rows of 64", "rows of 384", "few rows of 1000"]);
  const found = record.choice;
  for (const { classes, variants } of FAMILIES)
    for (const key of Object.keys(classes)) expect(variants[found[key as keyof Choice]].runs(engine.facts)).toBe(true);
  expect(Object.keys(record.times.machine)).toEqual(["alone", "many", "moved"]);
  expect(machineOf(found.machine).floats).toBeLessThan(Number.POSITIVE_INFINITY); // measured, where a software adapter's guess is that parts cost nothing
  expect(stored.size).toBe(1);
  choose(engine, { gemm: "register8x8" });
  const pipelines = engine.pipelineCount;
  expect(await tune(engine, store)).toEqual(record);
  expect(choice(engine)).toEqual(found);
  expect(engine.pipelineCount).toBe(pipelines);
  const text = [...stored.values()][0];
  expect(recalled(engine, text)).toEqual(record);
  for (const other of [
    { version: 2 },
    { adapter: "another driver" },
    { choice: { ...found, "gemm.small": "nonsense" } },
    { choice: { ...found, machine: "" } },
  ])
    expect(recalled(engine, JSON.stringify({ ...record, ...other }))).toBeUndefined();
  expect(recalled(engine, text.slice(1))).toBeUndefined();
  override(engine, inWords(found));
  expect(choice(engine)).toEqual(found);
  engine.destroy();
});

test("a candidate that the adapter refuses is left out, and a machine that it has no memory to measure stays as guessed", async () => {
  const engine = await openEngine(await nodeGPU());
  const shader = engine.shader.bind(engine);
  engine.shader = (file, entry, constants, halves) => {
    const made = shader(file, entry, constants, halves);
    return entry === "forward" && constants?.GROUP === 64 ? { ...made, code: made.code.replace("fn forward", "fn forward (") } : made;
  };
  vi.spyOn(engine, "largestBuffer", "get").mockReturnValue(2 ** 21);
  const { choice: found, times } = await tune(engine, undefined, ROWS);
  expect(Object.keys(times.rows["rows of 64"])).toEqual(expect.arrayContaining(["lane", "quadLane"]));
  expect(Object.keys(times.rows["rows of 64"])).not.toContain("group");
  expect(found.rows).not.toBe("group");
  expect(Object.keys(times.machine)).toEqual(["alone"]);
  expect(found.machine).toBe("32");
  expect(engine.failure).toBeUndefined();
  engine.destroy();
});

test("a device that is lost while tuning is told as lost, and the next one goes on with the guess, unmeasured", async () => {
  const engine = await openEngine(await nodeGPU());
  const guessed = choice(engine);
  const store = memory();
  engine.onCompiled = () => engine.device.destroy();
  await expect(tune(engine, store, ROWS)).rejects.toThrow(/^The GPU device was lost/);
  const next = await openEngine(await nodeGPU());
  const pipelines = next.pipelineCount;
  expect(await tune(next, store)).toMatchObject({ choice: guessed, times: {} });
  expect(choice(next)).toEqual(guessed);
  expect(next.pipelineCount).toBe(pipelines);
  next.destroy();
});

test("an override names a family and a variant that runs here, or says what there is", async () => {
  const engine = await openEngine(await nodeGPU());
  override(engine, "gemm=register8x8,rows=group,gemm.small=shared32,machine=256/1024");
  const forced = { "gemm.large": "register8x8", "gemm.deep": "register8x8", "gemm.flat": "register8x8", "gemm.narrow": "register8x8" };
  expect(choice(engine)).toMatchObject({ ...forced, "gemm.small": "shared32", rows: "group", machine: "256/1024" });
  override(engine, "attentionForward=lane,attentionBackward=lane,gemm.deep=shared");
  const words = "attentionForward=lane,attentionBackward=lane,rows=group,gemm.deep=shared,gemm.small=shared32,machine=256/1024";
  expect(inWords(choice(engine))).toBe(`gemm=register8x8,${words}`);
  override(engine, "gemm=register4x4"); // small products are left as they were
  expect(choice(engine)).toMatchObject({ "gemm.deep": "register4x4", "gemm.small": "shared32" });
  override(engine, inWords({ ...choice(engine), "gemm.flat": "register8x8" }));
  expect(choice(engine)).toMatchObject({ "gemm.deep": "register4x4", "gemm.flat": "register8x8", "gemm.small": "shared32" });
  expect(() => override(engine, "gemm.small=fastest")).toThrow(/gemm\.small cannot be "fastest".*register8x8/);
  expect(() => override(engine, "machine=groups512")).toThrow(/machine cannot be "groups512"/);
  expect(() => override(engine, "split=groups512")).toThrow(/no kernel family "split".*gemm\.deep.*machine/);
  expect(() => override(engine, "gemm=fastest")).toThrow(/gemm cannot be "fastest".*register8x8/);
  expect(() => override(engine, "gem=quad8x4")).toThrow(/no kernel family "gem".*attentionForward/);
  engine.destroy();
});

test("the candidate that loses least over all classes of shapes wins, not the fastest on one", () => {
  expect(fastest({ small: { a: 1, b: 1.2, c: 9 }, large: { a: 30, b: 10, c: 9 } })).toBe("b");
  expect(fastest({ small: { a: 5, b: 1 }, large: { a: 30 } })).toBe("a"); // b was refused on one
  expect(fastest({ small: { a: 1 }, large: {} })).toBeUndefined();
});
