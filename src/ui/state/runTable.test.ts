/** The list of runs as files, from made-up runs. */
import { expect, test } from "vitest";
import { run } from "./runs.fixture";
import { rowsOf, toCsv, toJson, toLatex } from "./runTable";

const full = run(1, { keep: 1, seed: 2 }, 0.5);
const masked = { ...run(2, { keep: 0.25 }, 0.4), name: 'half & "half", 50 %' };
const alone = { ...run(3, { teacher: "none" }, 0.3, { teacher: undefined, sums: {} }), name: "=1+1" };

test("a row says what a run was, how good it is, and how much better than the baseline", () => {
  const [first, second] = rowsOf([full, masked], 1);
  expect(first).toMatchObject({ run: "Run 1", method: "MaskedKD", seed: 2, steps: 1000, metric: "top1", score: 0.5, macs_saved: 0.51 });
  expect(first.against).toBeUndefined();
  expect(second.against).toBeCloseTo(-0.1);
  expect(Number(second.low)).toBeLessThan(-0.1);
  expect(Number(second.high)).toBeGreaterThan(-0.1);
});

test("CSV quotes what needs it, and no name becomes a formula", () => {
  const lines = toCsv(rowsOf([masked, alone])).split("\r\n");
  expect(lines[0]).toMatch(/^run,method,what,.*,macs_saved$/);
  expect(lines[1]).toMatch(/^"half & ""half"", 50 %",MaskedKD,/);
  expect(lines[2]).toMatch(/^'=1\+1,/);
  expect(lines).toHaveLength(4);
});

test("JSON has settings and tests of each run beside its row", () => {
  const [found] = JSON.parse(toJson([masked]));
  expect(found).toMatchObject({ score: 0.4, settings: { keep: 0.25 }, evaluations: [{ scores: { top1: 0.4 } }] });
});

test("LaTeX is a booktabs table whose rows have as many cells as its head, with signs that TeX would read written out", () => {
  const text = toLatex([full, masked, alone], 1);
  const rows = text.split("\n").filter((line) => line.endsWith("\\\\"));
  expect(text).toMatch(/\\begin\{tabular\}\{llrrrr\}\n\\toprule/);
  expect(new Set(rows.map((row) => row.replaceAll("\\&", "").split("&").length))).toEqual(new Set([6]));
  expect(rows[2]).toContain('half \\& "half", 50 \\%');
  expect(rows[2]).toContain("keep 50 \\% $\\to$ 25 \\%");
  expect(rows[2]).toMatch(/\$-10\.0\\ \[-14\.\d, -5\.\d\]\$/);
  expect(toLatex([full])).toMatch(/\\begin\{tabular\}\{llrrr\}/);
});
