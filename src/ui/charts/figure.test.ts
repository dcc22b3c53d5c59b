import { expect, test } from "vitest";
import { asXml } from "./figure";

test("a drawing is XML whatever the names in it", () => {
  const drawn = asXml("<text>a&nbsp;b \ud800 \u0001\v \uffff &amp;nbsp; é 😀\t\n</text>");
  expect(drawn).toBe("<text>a&#160;b \ufffd \ufffd\ufffd \ufffd &amp;nbsp; é 😀\t\n</text>");
  expect(decodeURIComponent(encodeURIComponent(drawn))).toBe(drawn);
});
