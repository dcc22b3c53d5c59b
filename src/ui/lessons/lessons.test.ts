/** Every page of every lesson says what its recording and the claims hold, and names parts that its stage has. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { ClaimsFile } from "../../tasks/claims";
import { openPage } from "../state/playground.fixture";
import { lessonOf, PAGES } from "../tasks";
import { PARTS } from "../tasks/classification/stageFacts";
import { TITLES } from "../tasks/detection/stageWords";
import { told } from "./told";

const NAMES = Object.values(PAGES).flatMap(({ lessons }) => Object.keys(lessons ?? {}));
const KNOWN = [...PARTS, ...Object.keys(TITLES)];
const claims: ClaimsFile = JSON.parse(readFileSync("public/claims.json", "utf8"));
const file = async (name: string) => new Blob([readFileSync(`public/${name}`)]);

test("there is a lesson for each of the three methods", () => {
  expect(NAMES).toEqual(["maskedkd", "samkd", "mkd"]);
});

test("a claim that was not measured is said not to have been, and one that stands alone to stand alone", () => {
  const changed = (change: object) => told({ ...claims, claims: claims.claims.map((claim) => ({ ...claim, ...change })) }, "shapes", "19b");
  expect(changed({ difference: null, interval: null })).toContain("here it has not been measured yet");
  expect(changed({ together: false })).toMatch(/agrees with the paper, though not when all claims of the study are judged together\.$/);
  expect(changed({ together: true })).toMatch(/agrees with the paper\.$/);
});

test.each(NAMES)("%s has five to seven pages, and all its numbers", async (name) => {
  const lesson = (await lessonOf(name))!;
  const { page } = openPage("", undefined, undefined, false, file);
  await page.watch(lesson.recording);
  page.run.stop();
  const state = page.store.getState();
  expect(state.history.points.length).toBeGreaterThan(0);
  expect(lesson.pages.length).toBeGreaterThanOrEqual(5);
  expect(lesson.pages.length).toBeLessThanOrEqual(7);
  for (const { title, part, text } of lesson.pages) {
    if (part) expect(KNOWN, title).toContain(part);
    for (const paragraph of text({ state, claims })) expect(paragraph, title).not.toMatch(/NaN|undefined|Infinity|^\s*$/);
    // Where the file of claims cannot be had, something is said nonetheless.
    for (const paragraph of text({ state })) expect(paragraph.trim(), title).not.toBe("");
  }
  // What was measured in any study is not said to be unmeasured.
  const said = lesson.pages.flatMap(({ text }) => text({ state, claims })).join(" ");
  const known = claims.claims.filter(({ difference }) => difference !== null).map(({ title }) => title);
  for (const title of known) expect(said, title).not.toContain(`${title}: the paper reports`);
});
