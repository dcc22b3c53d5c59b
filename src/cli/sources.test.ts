import { expect, it } from "vitest";
import { SCHEMA } from "../tasks";
import { openData, openWing, usualData } from "./sources";

it.each(SCHEMA.presets)("generates the requested number of images, at any size, under %s", async (preset) => {
  const wing = await openWing(SCHEMA.defaults(preset));
  const usual = usualData(wing);
  const data = await openData(wing, `${usual}:12,4`, 64);
  expect([data.side, data.train.count, data.test.count]).toEqual([64, 12, 4]);
  expect(data.name.toLowerCase()).toContain(usual);
  expect((await openData(wing, usual, 64)).train.count).toBe(wing.definition.generated.cli.train);
});

it("says what to do where there is nothing to open", async () => {
  const wing = await openWing(SCHEMA.defaults());
  await expect(openData(wing, "no/such/place", 64)).rejects.toThrow("There is no no/such/place.");
});

it("generates another set of the task by its name", async () => {
  const wing = await openWing(SCHEMA.defaults());
  expect(Object.keys(wing.definition.generated.sets)).toEqual(["scenes", "shapes"]);
  const made = await openData(wing, "shapes:12,4", 32);
  expect([made.name, made.id, made.train.count]).toEqual(["Scenes-Shapes", "scenes-shapes-32-12-4-1", 12]);
  const again = wing.data.generated(wing.data.optionsOf(made.id)!);
  expect([again.name, again.id]).toEqual([made.name, made.id]);
  expect(wing.data.optionsOf("scenes-32-4-2-1")).toEqual({ side: 32, train: 4, test: 2, seed: 1 });
});
