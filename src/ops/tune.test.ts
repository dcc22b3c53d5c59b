import { expect, test } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { openEngine } from "../engine/device";
import { override, tune } from "./tune";
import { ATTENTION, choice, choose, GEMM, ROWS } from "./variants";

test("tuning names variants that run here, stores them, and reads them back", async () => {
  const engine = await openEngine(await nodeGPU());
  const stored = new Map<string, string>();
  const store = { get: (k: string) => stored.get(k), set: (k: string, v: string) => void stored.set(k, v) };
  const found = await tune(engine, store);
  for (const [table, name] of [
    [GEMM, found.gemm],
    [ATTENTION, found.attentionForward],
    [ATTENTION, found.attentionBackward],
    [ROWS, found.rows],
  ] as const)
    expect(table[name].runs(engine.facts)).toBe(true);
  expect(stored.size).toBe(1);
  choose(engine, { gemm: "register8x8" });
  const pipelines = engine.pipelineCount;
  expect(await tune(engine, store)).toEqual(found);
  expect(choice(engine)).toEqual(found);
  expect(engine.pipelineCount).toBe(pipelines);
  stored.set([...stored.keys()][0], '{"gemm":"nonsense"}');
  expect(await tune(engine, store)).toHaveProperty("gemm");
  engine.destroy();
});

test("an override names a family and a variant that runs here, or says what there is", async () => {
  const engine = await openEngine(await nodeGPU());
  override(engine, "gemm=register8x8,rows=group");
  expect(choice(engine)).toMatchObject({ gemm: "register8x8", rows: "group" });
  expect(() => override(engine, "gemm=fastest")).toThrow(/gemm cannot be "fastest".*register8x8/);
  expect(() => override(engine, "gem=quad8x4")).toThrow(/no kernel family "gem".*attentionForward/);
  engine.destroy();
});
