import { expect, it } from "vitest";
import { openDetectionData } from "./headless";

it("generates as many images with boxes as are asked for, at any size", async () => {
  const data = await openDetectionData("scenes:12,4", 64);
  expect([data.name, data.side, data.train.count, data.test.count]).toEqual(["Scenes-Detection", 64, 12, 4]);
  expect((await openDetectionData("scenes", 64)).train.image(11)).toEqual(data.train.image(11));
});

it("says what to do where there is nothing to open", async () => {
  await expect(openDetectionData("no/such/place", 64)).rejects.toThrow("There is no no/such/place.");
});
