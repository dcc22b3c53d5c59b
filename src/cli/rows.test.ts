import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testEngine } from "../ops/check";
import { CODE } from "../tasks/claims";
import type { DetectorNetwork } from "../tasks/detection/network";
import { main } from "./claims/claims";
import { Runs, readRows, rowsIn } from "./rows";

const folder = mkdtempSync(join(tmpdir(), "rows-"));
const WORDS = "data=scenes:24,12 teacher=none width=8 depth=1 heads=2 batch=4 steps=4 evaluate=2 seed=3".split(" ");

test("a run is made once; its row has its curve, its code and which images are right", async () => {
  const path = join(folder, "made", "rows.jsonl");
  const engine = await testEngine();
  const runs = new Runs(engine, path, []);
  const row = await runs.row(await runs.plan(WORDS));
  expect(row).toMatchObject({ code: CODE, adapter: engine.facts.name, steps: 4, seed: 3, student_top1: expect.any(Number) });
  // The last test is the outcome itself.
  expect(row.curve?.map(({ step }) => step)).toEqual([2]);
  expect(row.curve?.[0]).toMatchObject({ top1: expect.any(Number), ce: expect.any(Number) });
  const again = new Runs(engine, path, []);
  expect(await again.row(await again.plan(WORDS))).toEqual(row);
  expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(1);
});

test("each detector of a sweep has the teacher of its kind, which all of that kind share", async () => {
  const runs = new Runs(await testEngine(), join(folder, "kinds.jsonl"), []);
  const teacherOf = async (words: string) => {
    const { sources } = await runs.plan(`data=scenes:8,4 preset=fitnet ${words}`.split(" "));
    return sources.teacher as DetectorNetwork;
  };
  const gfl = await teacherOf("detector=gfl");
  expect((await teacherOf("detector=retinanet")).config.kind).toBe("retinanet");
  expect(gfl.config.kind).toBe("gfl");
  expect((await teacherOf("detector=gfl seed=2")).id).toBe(gfl.id);
});

test("rows of other code stay in the file and count for nothing", async () => {
  const path = join(folder, "foreign.jsonl");
  const engine = await testEngine();
  const runs = new Runs(engine, path, []);
  const plan = await runs.plan(WORDS);
  writeFileSync(path, `${JSON.stringify({ run: plan.run, code: "0.1", seed: 3 })}\n`);
  const later = new Runs(engine, path, []);
  expect([later.foreign, later.find(plan)]).toEqual([1, undefined]);
});

test("a last line that breaks off is left out and its run made again; a broken line before it is refused by number", () => {
  const path = join(folder, "broken.jsonl");
  writeFileSync(path, '{"run":"a"}\n{"run":"b","se');
  expect(readRows(path)).toEqual([{ run: "a" }]);
  expect(readFileSync(path, "utf8")).toBe('{"run":"a"}\n');
  writeFileSync(path, '{"run":"a"}\nnonsense\n{"run":"b"}\n');
  expect(() => readRows(path)).toThrow(/line 2 is not a row/);
  for (const line of ["null", "3", "[]", "{}", '{"run":{}}']) expect(() => rowsIn(`${line}\n`, "r")).toThrow("r, line 1 is not a row.");
});

test("seeds that a study was tuned with, unknown studies and a time that is none are refused", async () => {
  const rows = join(folder, "none.jsonl");
  await expect(main(["studies=shapes", "seeds=1,101", `rows=${rows}`, "minutes=0"])).rejects.toThrow(/Seed 101 cannot be reported/);
  await expect(main(["studies=shape", `rows=${rows}`, "minutes=0"])).rejects.toThrow(/no study "shape"/);
  await expect(main([`rows=${rows}`, "minutes=soon"])).rejects.toThrow(/minutes cannot be "soon"/);
});
