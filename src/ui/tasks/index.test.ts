/** Every task has its half of the page. */
import { expect, test } from "vitest";
import { SCHEMA, TASKS } from "../../tasks";
import { PAGES, pageOf } from ".";

test("every task has a half of the page, and every preset leads to one", () => {
  expect(Object.keys(PAGES)).toEqual(Object.keys(TASKS));
  for (const preset of SCHEMA.presets) expect(pageOf(preset)?.tagline, preset).toBeTruthy();
});

test("generated data are named by the options they were made from", () => {
  for (const { generated } of Object.values(PAGES)) {
    const options = { side: 48, train: 10, test: 5, seed: 3 };
    expect(generated.optionsOf(generated.idOf(options))).toEqual(options);
    expect(generated.optionsOf("files-1")).toBeUndefined();
  }
});

test("settings that are shown as percentages are settings of the task", () => {
  for (const [task, { shares = [] }] of Object.entries(PAGES))
    for (const key of shares) expect(Object.keys(TASKS[task].settings)).toContain(key);
});
