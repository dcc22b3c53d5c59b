import { expect, test } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { openEngine } from "../engine/device";
import { FAMILIES } from "./families";
import { fastest, inWords, override, recalled, tune } from "./tune";
import { ATTENTION, choice, choose, GEMM, ROWS } from "./variants";

test("tuning names variants that run here, stores them, and reads them back", async () => {
  const engine = await openEngine(await nodeGPU());
  const stored = new Map<string, string>();
  const store = { get: (k: string) => stored.get(k), set: (k: string, v: string) => void stored.set(k, v) };
  const rows = FAMILIES.filter(({ key }) => key === "rows");
  const record = await tune(engine, store, rows);
  expect(Object.keys(record.times.rows)).toEqual(["rows of 64", "rows of 384", "few rows of 1000"]);
  const found = record.choice;
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
  expect(await tune(engine, store)).toEqual(record);
  expect(choice(engine)).toEqual(found);
  expect(engine.pipelineCount).toBe(pipelines);
  const text = [...stored.values()][0];
  expect(recalled(engine, text)).toEqual(record);
  for (const other of [{ version: 2 }, { adapter: "another driver" }, { choice: { ...found, gemm: "nonsense" } }])
    expect(recalled(engine, JSON.stringify({ ...record, ...other }))).toBeUndefined();
  expect(recalled(engine, text.slice(1))).toBeUndefined();
  override(engine, inWords(found));
  expect(choice(engine)).toEqual(found);
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

test("the candidate that loses least over all classes of shapes wins, not the fastest on one", () => {
  expect(fastest({ small: { a: 1, b: 1.2, c: 9 }, large: { a: 30, b: 10, c: 9 } })).toBe("b");
});
