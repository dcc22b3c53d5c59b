/** Each half of the page belongs to a task, and every preset of that task leads to it. */
import { expect, test } from "vitest";
import { TASKS } from "../../tasks";
import { PAGES, pageOf } from ".";

test("each half of the page belongs to a task, whose every preset leads to it", () => {
  for (const [name, page] of Object.entries(PAGES))
    for (const preset of Object.keys(TASKS[name].methods)) expect(pageOf(preset), preset).toBe(page);
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
