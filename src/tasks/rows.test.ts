/** Rows of the papers' tables are data: each is settings that can be, and says what its table prints. */
import { expect, test } from "vitest";
import { SCHEMA, TASKS, taskOf } from ".";

const read = (query: string) => SCHEMA.fromPairs(new URLSearchParams(query));
const OF_TASKS = Object.values(TASKS).flatMap(({ rows = {}, name }) =>
  Object.entries(rows).map(([row, facts]) => [row, name, facts] as const),
);

test.each(OF_TASKS)("%s sets all its values, which go together, for %s", (name, task, { values, paper }) => {
  const { settings, problems } = read(`row=${name}`);
  expect(problems).toEqual([]);
  expect(settings).toEqual({ ...SCHEMA.defaults(String(values.preset)), ...values });
  expect(taskOf(settings.preset).name).toBe(task);
  expect(taskOf(settings.preset).conflicts?.(settings) ?? {}).toEqual({});
  expect(paper).toBeGreaterThan(30);
});

test.each(OF_TASKS)("%s is a name that people can write, with a label that they can read", (name, _task, { label }) => {
  expect(name).toMatch(/^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)+$/);
  expect(label).not.toMatch(/\d{8}/);
});

test("rows of a table are all different", () => {
  const tables = new Set(OF_TASKS.map(([, , { table }]) => table));
  for (const table of tables) {
    // MIM* differs from MKD in its teacher, which is no setting.
    const own = OF_TASKS.filter(([, , row]) => row.table === table && !row.label.startsWith("MIM*")).map(([name]) =>
      SCHEMA.toQuery(read(`row=${name}`).settings),
    );
    expect(new Set(own).size, table).toBe(own.length);
  }
  expect(tables.size).toBe(21);
});
