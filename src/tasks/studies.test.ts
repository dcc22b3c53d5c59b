import { expect, test } from "vitest";
import { SCHEMA, TASKS } from ".";
import type { Summand } from "./claims";
import { tableStudies } from "./tables";

const studies = (
  await Promise.all(
    Object.values(TASKS).map(async (task) => {
      const own = (await task.studies?.()) ?? [];
      return [...own, ...tableStudies(task, own[0])].map((study) => ({ ...study, task }));
    }),
  )
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

/** "42.3 against 41.9 (Table III)": both figures, and the table's name in the task's rows. */
function quoted(paper: string, task: string): { figures: number[]; table: string } | undefined {
  const [, first, second, appendix, name] = /^([\d.]+) against ([\d.]+) \((?:MKD, )?(appendix )?Table (\w+)/.exec(paper) ?? [];
  const method = task === "classification" ? "maskedkd-" : appendix ? "mkd-A" : "samkd-";
  return name === undefined ? undefined : { figures: [Number(first), Number(second)], table: `${method}${name}` };
}

test("figures that a claim quotes stand in the table that it names", () => {
  const found = studies.flatMap(({ task, claims }) =>
    claims.flatMap(({ id, paper }) => {
      const quote = quoted(paper, task.name);
      const rows = Object.entries(task.rows ?? {}).filter(([name]) => name.startsWith(`${quote?.table}-`));
      return quote && rows.length > 0 ? [{ id, figures: quote.figures, printed: rows.map(([, row]) => row.paper) }] : [];
    }),
  );
  expect(found.length).toBeGreaterThan(15);
  for (const { id, figures, printed } of found) expect(printed, id).toEqual(expect.arrayContaining(figures));
});

test("a curve is read where there is a test: nothing is said of a share of the run at which none was made", () => {
  for (const { base, claims, name } of studies) {
    const [steps, evaluate] = ["steps", "evaluate"].map((key) => Number(new RegExp(`${key}=(\\d+)`).exec(base)?.[1]));
    const shares = claims.flatMap(({ summands }) => summands.flatMap(({ at }: Summand) => at ?? []));
    for (const at of shares) expect((at * steps) / evaluate, `${name} at ${at}`).toBeCloseTo(Math.round((at * steps) / evaluate), 6);
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

test("a table is a study in which each row is set against the first, with the sign that is printed", () => {
  const table = studies.find(({ name }) => name === "samkd-II");
  expect(table).toMatchObject({ seeds: 3, base: "data=scenes:1000,400 lr=0.002 decay=0.02 steps=1500 evaluate=500" });
  expect(table?.claims).toMatchObject([
    { id: "samkd-II-sld", claimed: -1, paper: "42 against 42.2", summands: [{ of: "row=samkd-II-sld", score: "map" }, { times: -1 }] },
    { id: "samkd-II-both", claimed: 1 },
  ]);
  const proof = (name: string) => studies.find((study) => study.name === name)?.instrument;
  expect(proof("samkd-II")).toMatchObject({ of: "preset=fitnet detector=gfl", over: "preset=fitnet teacher=none detector=gfl" });
  // What a teacher gives to a GFL says nothing of a RetinaNet, or of a network whose head alone learns.
  expect(proof("mkd-A3")?.of).toBe("preset=fitnet detector=retinanet backbone=vitdet");
  expect(proof("maskedkd-8")).toMatchObject({ of: "keep=1 frozen=on", over: "teacher=none frozen=on" });
  expect(proof("maskedkd-2")?.of).toBe("keep=1");
  expect(studies.find(({ name }) => name === "samkd-VI")?.claims[0].claimed).toMatchObject({ value: 1 });
});
