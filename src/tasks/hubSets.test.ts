import { expect, test } from "vitest";
import { hubWord, readHubWord } from "../data/hub/address";
import { TASKS } from ".";

test("every data set of the Hub to begin with has an address that says how much of it is taken", async () => {
  const sets = await Promise.all(Object.values(TASKS).map(({ hub }) => hub?.() ?? []));
  const words = [...new Set(sets.flat().map(({ word }) => word))];
  expect(words.length).toBe(7);
  for (const word of words) expect([hubWord(readHubWord(word)), readHubWord(word).rows !== undefined]).toEqual([word, true]);
});
