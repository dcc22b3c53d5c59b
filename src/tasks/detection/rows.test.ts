/** Rows of the papers' tables are data: each is settings that can be, and says what its table prints. */
import { expect, test } from "vitest";
import { SCHEMA } from "..";
import { conflictsOf } from "./conflicts";
import { ROWS } from "./rows";

const read = (query: string) => SCHEMA.fromPairs(new URLSearchParams(query));

test.each(Object.entries(ROWS))("%s sets all its values, which go together", (name, { values, paper }) => {
  const { settings, problems } = read(`row=${name}`);
  expect(problems).toEqual([]);
  expect(settings).toEqual({ ...SCHEMA.defaults(String(values.preset)), ...values });
  expect(conflictsOf(settings)).toEqual({});
  expect(paper).toBeGreaterThan(30);
});

test("rows of a table are all different", () => {
  const tables = new Set(Object.values(ROWS).map(({ table }) => table));
  for (const table of tables) {
    const rows = Object.values(ROWS).filter((row) => row.table === table);
    // MIM* differs from MKD in its teacher, which is no setting.
    const own = rows
      .filter(({ label }) => !label.startsWith("MIM*"))
      .map(({ values }) => SCHEMA.toQuery(read(String(new URLSearchParams(values as Record<string, string>))).settings));
    expect(new Set(own).size, table).toBe(own.length);
  }
  expect(tables.size).toBe(10);
});

test("what is typed beside a row wins, weights it gives count as given, and one there is not is told", () => {
  const { settings, given } = read("samkd.regions=2&row=samkd-III-1-2&steps=7");
  expect([settings["samkd.regions"], settings.steps]).toEqual(["2", 7]);
  expect(given).toEqual([]);
  expect(read("row=samkd-F4-best").given).toEqual(["samkd.alpha", "samkd.beta"]);
  expect(read("row=samkd-IX").problems).toEqual([expect.stringMatching(/row cannot be "samkd-IX".*samkd-II-sfd/)]);
  expect(read("row=mkd-A1-fgd&recipe=mmdet").settings).toMatchObject({ preset: "fgd", detector: "retinanet", optimizer: "sgd" });
});
