import { expect, test } from "vitest";
import { TASKS } from "../../tasks";
import { caseName } from "./names";
import { casesOf } from "./report";

test("cases are named as the page names settings, methods and rows of tables", () => {
  expect(caseName("keep=0.5 criterion=random")).toBe("Patches the teacher sees 0.5, Chosen by random");
  expect(caseName("preset=fitnet teacher=none")).toBe("FitNet, no teacher");
  expect(caseName("preset=samkd samkd.sld=off")).toMatch(/^SAMKD, .+ off$/);
  expect(caseName("row=samkd-II-sld")).not.toContain("=");
});

test.each(Object.values(TASKS))("every case of the studies of $name has a name of its own, without an =", async ({ studies }) => {
  for (const study of (await studies?.()) ?? []) {
    const names = casesOf(study).map(caseName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).not.toMatch(/=|undefined/);
  }
});
