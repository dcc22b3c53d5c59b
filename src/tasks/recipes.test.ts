/** Recipes are data: every value of theirs is one a setting can have, and they enter as if typed. */
import { expect, test } from "vitest";
import { RECIPES } from "../settings/recipes";
import { SCHEMA } from ".";

const read = (query: string) => SCHEMA.fromPairs(new URLSearchParams(query));

test.each([
  ["deit", "maskedkd"],
  ["mmdet", "samkd"],
  ["mmdet", "segmenter"],
  ["deit-ti-224", "maskedkd"],
  ["detector-320", "samkd"],
  ["none", "maskedkd"],
])("%s sets all its values under %s", (recipe, preset) => {
  const { settings, problems } = read(`preset=${preset}&recipe=${recipe}`);
  expect(problems).toEqual([]);
  expect(settings).toEqual({ ...SCHEMA.defaults(preset), ...RECIPES[recipe].values });
});

test("what is typed wins, wherever it stands", () => {
  const { settings } = read("smoothing=0&recipe=deit&erasing=0.5");
  expect([settings.smoothing, settings.erasing, settings.dropPath]).toEqual([0, 0.5, 0.1]);
  expect(SCHEMA.fromPairs(new URLSearchParams(SCHEMA.toQuery(settings))).settings).toEqual(settings);
});

test("a recipe there is not, or of another task, is told", () => {
  expect(read("recipe=best").problems).toEqual([expect.stringMatching(/recipe cannot be "best".*none, deit, mmdet/)]);
  expect(read("recipe=deit&preset=samkd").problems).toEqual([expect.stringMatching(/augment cannot be "heavy"/)]);
});

test("those are offered whose every value a preset's settings allow", () => {
  expect(SCHEMA.recipes("maskedkd")).toEqual(["deit", "mmdet", "deit-ti-224"]);
  expect(SCHEMA.recipes("samkd")).toEqual(["mmdet", "detector-320"]);
});
