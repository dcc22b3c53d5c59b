/** Every task has its half of the page, and every preset of the task leads to it. */
import { expect, test } from "vitest";
import { TASKS } from "../../tasks";
import { PAGES, pageOf } from ".";

test("every task has a half of the page, and its every preset leads to it", () => {
  expect(Object.keys(PAGES)).toEqual(Object.keys(TASKS));
  for (const [name, { methods }] of Object.entries(TASKS))
    for (const preset of Object.keys(methods)) expect(pageOf(preset), preset).toBe(PAGES[name]);
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
