import { expect, it } from "vitest";
import { SCHEMA } from "../tasks";
import { openData, openWing } from "./sources";

it.each(SCHEMA.presets)("generates the requested number of images, at any size, under %s", async (preset) => {
  const wing = await openWing(SCHEMA.defaults(preset));
  const data = await openData(wing, "scenes:12,4", 64);
  expect([data.side, data.train.count, data.test.count]).toEqual([64, 12, 4]);
  expect(data.name).toMatch(/^Scenes/);
  expect((await openData(wing, "scenes", 64)).train.count).toBe(wing.definition.generated.cli.train);
});

it("says what to do where there is nothing to open", async () => {
  const wing = await openWing(SCHEMA.defaults());
  await expect(openData(wing, "no/such/place", 64)).rejects.toThrow("There is no no/such/place.");
});
