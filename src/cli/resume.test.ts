/** A run that was saved elsewhere goes on from the command line. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { scenes } from "../data/scenes";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import { sealed } from "../train/bundle";
import { Session } from "../train/session";
import { main } from "./distill";

afterEach(() => void vi.restoreAllMocks());

const SETTINGS = { ...SCHEMA.defaults(), side: 16, width: 8, depth: 1, heads: 2, batch: 4, steps: 5, seed: 7, teacher: "none" as const };

test("a file of a run is enough to go on with the same bits: settings and generated data are those that it names", async () => {
  const engine = await testEngine();
  const dataset = scenes({ side: 16, train: 24, test: 12, seed: 3 });
  const session = Session.create({ engine, runtime, sources: { dataset }, settings: SETTINGS });
  for (let step = 0; step < 3; step++) await session.advance();
  const file = join(mkdtempSync(join(tmpdir(), "resume-")), "page.safetensors");
  const bytes = await sealed(await session.save(), engine.facts.name);
  writeFileSync(file, bytes);
  const expected = [(await session.advance()).losses, (await session.advance()).losses];
  session.destroy();
  const rows: Record<string, unknown>[] = [];
  vi.spyOn(console, "log").mockImplementation((text) => void rows.push(JSON.parse(text)));
  expect(await main([`resume=${file}`, "every=1", "--json"])).toBe(0);
  const steps = rows.filter(({ ce, step }) => ce !== undefined && step !== undefined);
  expect(steps.map(({ step }) => step)).toEqual([4, 5]);
  for (const [i, { ce }] of steps.entries()) expect(ce).toBeCloseTo(expected[i].ce, 4);
  expect(rows.at(-1)).toMatchObject({ final: true, steps: 5, seed: 7 });
  writeFileSync(file, bytes.subarray(0, bytes.length - 9));
  await expect(main([`resume=${file}`, "--json"])).rejects.toThrow(/page\.safetensors: .*truncated/);
});
