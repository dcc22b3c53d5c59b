/** Every clause of a paper names settings that there are, so that the table never speaks of what is gone. */
import { expect, test } from "vitest";
import { SCHEMA } from "../../tasks";
import { paperOf } from "./papers";

test.each(["maskedkd", "samkd", "mkd", "yolos"])(
  "each reading of %s names its settings, and each mask or loss that is a reading is told",
  (method) => {
    const own = SCHEMA.of(method);
    const { readings } = paperOf(method)!;
    const keys = readings.flatMap(({ keys }) => keys);
    expect(keys.filter((key) => !(key in own))).toEqual([]);
    const readingsOfHelp = Object.entries(own).filter(([, { help }]) =>
      /our reading|does not say|not given|unknown|leaves .* open/i.test(help ?? ""),
    );
    expect(readingsOfHelp.map(([key]) => key).filter((key) => !keys.includes(key))).toEqual([]);
  },
);

test("methods on MaskedKD's mask share its readings; baselines have none", () => {
  expect(paperOf("ast")).toBe(paperOf("maskedkd"));
  expect(paperOf("fitnet")).toBeUndefined();
});
