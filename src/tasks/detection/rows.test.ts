/** A row of a paper's table beside what is typed. */
import { expect, test } from "vitest";
import { SCHEMA } from "..";

const read = (query: string) => SCHEMA.fromPairs(new URLSearchParams(query));

test("what is typed beside a row wins, weights it gives count as given, and one there is not is told", () => {
  const { settings, given } = read("samkd.regions=2&row=samkd-III-1-2&steps=7");
  expect([settings["samkd.regions"], settings.steps]).toEqual(["2", 7]);
  expect(given).toEqual([]);
  expect(read("row=samkd-F4-best").given).toEqual(["samkd.alpha", "samkd.beta"]);
  expect(read("row=samkd-IX").problems).toEqual([expect.stringMatching(/row cannot be "samkd-IX".*samkd-II-sfd/)]);
  expect(read("row=mkd-A1-fgd&recipe=mmdet").settings).toMatchObject({ preset: "fgd", detector: "retinanet", optimizer: "sgd" });
});
