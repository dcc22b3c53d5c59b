import { describe, expect, it } from "vitest";
import { Findings } from "./annotated";
import { readNames } from "./names";

const names = async (path: string, text: string, findings = new Findings()) => (await readNames([{ path, text }], findings))?.byNumber;

describe("class names in YAML", () => {
  it.each([
    ["a list in a line", "names: [car, 'bus']"],
    ["a list", "nc: 2\nnames:\n- car\n- bus\n"],
    ["a map", "names:\n  0: car\n  1: bus\n"],
    ["a map in a line", "names: {0: car, 1: bus}"],
    ["a list over lines", "names: [car,\n  bus]"],
    ["comments and blank lines", "names:  # of vehicles\n  # the first\n  0: car # red\n\n  1: bus\n"],
    ["a quoted key, Windows lines", '"names":\r\n  - car\r\n  - bus\r\n'],
    ["an anchor", "all: &all [car, bus]\nnames: *all\n"],
  ])("as %s", async (_, text) => {
    expect([...(await names("data.yaml", text))!]).toEqual([
      [0, "car"],
      [1, "bus"],
    ]);
  });

  it("are as they were typed", async () => {
    expect([...(await names("data.yaml", "names: [yes, 1.0, ~, 'a: b', 犬, 0x10]"))!.values()]).toEqual([
      "yes",
      "1.0",
      "~",
      "a: b",
      "犬",
      "0x10",
    ]);
  });

  it("may have any number", async () => {
    expect([...(await names("data.yaml", "names:\n  2147483648: bird\n  7: cat"))!]).toEqual([
      [7, "cat"],
      [2147483648, "bird"],
    ]);
  });

  it.each([
    ["a bracket left open", "names: [car"],
    ["brackets 50,000 deep", `names: ${"[".repeat(50_000)}`],
    [
      "aliases of aliases",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefgh"].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${"abcdefgh"[i]}`)}]`).join("\n")}\nnames: *h`,
    ],
    ["negative numbers", "names: {-1: cat}"],
    ["maps in a list", "names: [{car: 1}]"],
    ["lists 5,000 deep in a line", "- ".repeat(5000)],
    ["keys 5,000 deep in a line", `names: ${"a: ".repeat(5000)}`],
    ["anchors and aliases 5,000 deep", `names: ${"&a [*a,".repeat(5000)}`],
    ["a bracket left open before 6,000 lines of a map", `names:\n  {"a":0: bird\n${"  0: bird\n".repeat(6000)}`],
    ["60,000 quotes", `names: ${'"'.repeat(60_000)}`],
    ["60,000 aliases", `names: ${"*a ".repeat(60_000)}`],
    ["a million letters", `names: [${"a, ".repeat(333_333)}]`],
    ["a name twice", "names: {0: car, 0: bus}"],
  ])("are refused by file, and noted: %s", async (_, text) => {
    const findings = new Findings();
    expect(await names("d/data.yaml", text, findings)).toBeUndefined();
    expect(findings.notes()[0]).toMatch(/^Files that could not be read, left out: 1 \(d\/data\.yaml (is not readable as YAML|has names)/);
  });

  it("are refused where one is given twice, however many there are", async () => {
    const text = `names:\n${Array.from({ length: 10_000 }, (_, i) => `  ${i}: n\n`).join("")}`;
    expect((await names("data.yaml", text))?.size).toBe(10_000);
    const findings = new Findings();
    await names("data.yaml", `${text}  7: m\n`, findings);
    expect(findings.notes()[0]).toContain("it names class 7 twice");
  });

  it.each([
    ["no names", "nc: 2"],
    ["45,000 spaces", `names:${" ".repeat(45_000)}x\nn: ${" ".repeat(45_000)}`],
    ["nothing", ""],
    ["a list", "- a"],
  ])("are none in %s", async (_, text) => {
    const findings = new Findings();
    expect(await names("data.yaml", text, findings)).toBeUndefined();
    expect(findings.notes()).toEqual([]);
  });
});

it("takes names from the first file that has any", async () => {
  const files = [
    { path: "a.yaml", text: "lr: 0.1" },
    { path: "b.txt", text: "\n\n" },
    { path: "classes.txt", text: "cat\r\n\r\ndog\r\n" },
    { path: "d.yaml", text: "names: [x]" },
  ];
  expect([...(await readNames(files, new Findings()))!.byNumber]).toEqual([
    [0, "cat"],
    [1, ""],
    [2, "dog"],
  ]);
});
