/** Multiply-adds of a YOLOS, by hand. */
import { expect, test } from "vitest";
import { ODD } from "../models/yolos/yolos.fixture";
import { yolosMacs } from "./cost.yolos";

const [n, d, m, mlp, depth] = [9, 10, 3, 14, 2];
const blocks = (tokens: number) => depth * (4 * tokens * d * d + 2 * tokens * tokens * d + 2 * tokens * d * mlp);

test("blocks over class token, patches and detection tokens, the embedding, two heads of three layers", () => {
  const { encoder, heads, total } = yolosMacs(ODD);
  expect(encoder).toBe(n * 27 * d + blocks(1 + n + m));
  expect(heads).toBe(m * (2 * d * d + d * 5) + m * (2 * d * d + d * 4));
  expect(total).toBe(encoder + heads);
});

test("a masked teacher has fewer patches in its blocks", () => {
  expect(yolosMacs(ODD, 4).encoder).toBe(n * 27 * d + blocks(1 + 4 + m));
});
