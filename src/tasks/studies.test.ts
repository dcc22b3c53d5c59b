import { expect, test } from "vitest";
import { SCHEMA, TASKS } from ".";
import type { Summand } from "./claims";

const studies = (
  await Promise.all(Object.values(TASKS).map(async (task) => ((await task.studies?.()) ?? []).map((study) => ({ ...study, task }))))
).flat();

/** Words of the command line as settings; "data" is none. */
const read = (words: string) =>
  SCHEMA.fromPairs(
    words
      .split(" ")
      .map((word) => word.split("=") as [string, string])
      .filter(([key]) => key !== "data"),
  );

test.each(studies)("every run of $name has settings there are, of its own task", ({ task, base, claims, instrument }) => {
  const proof = instrument ? [instrument.of, instrument.over] : [];
  const cases = new Set([...proof, ...claims.flatMap(({ summands }) => summands.map(({ of }: Summand) => of))]);
  for (const words of cases) {
    const { settings, problems } = read(`${base} ${words}`);
    expect(problems, words).toEqual([]);
    expect(Object.keys(task.methods), words).toContain(settings.preset);
  }
});

test("claims are told apart, and none is judged under the seeds it was tuned with", () => {
  const ids = studies.flatMap(({ name, claims }) => claims.map(({ id }) => `${name} ${id}`));
  expect(new Set(ids).size).toBe(ids.length);
  for (const { tuned, seeds, claims } of studies) {
    expect(Math.min(...tuned)).toBeGreaterThan(seeds);
    for (const { claimed } of claims) if (typeof claimed !== "number") expect(claimed.value).toBeGreaterThan(0);
  }
});
