/** What a run from the command line prints of its steps. */
import { afterEach, expect, test, vi } from "vitest";
import { main } from "./distill";

afterEach(() => void vi.restoreAllMocks());

test("a run without a teacher has no time of one, also where all that is frozen is known", async () => {
  const rows: Record<string, unknown>[] = [];
  vi.spyOn(console, "log").mockImplementation((text) => void rows.push(JSON.parse(text)));
  vi.spyOn(console, "error").mockReturnValue();
  const tiny = ["data=scenes:20,8", "side=16", "width=8", "depth=1", "heads=2", "batch=8", "steps=5", "evaluate=5", "every=1"];
  expect(await main(["--json", "teacher=none", "frozen=on", "augment=none", ...tiny])).toBe(0);
  const steps = rows.filter(({ ce, step }) => ce !== undefined && step !== undefined);
  expect(steps).toHaveLength(5);
  for (const row of steps) expect(row).not.toHaveProperty("teacher_ms");
});
