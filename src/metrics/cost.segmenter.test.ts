/** Multiply-adds of Segmenters, by hand. */
import { expect, test } from "vitest";
import { type SegmenterConfig, smallSegmenter } from "../models/segmenter/config";
import { configMacs } from "./cost";
import { segmenterMacs } from "./cost.segmenter";

const LINEAR = smallSegmenter("linear", "student", 8);
const MASK = smallSegmenter("mask", "student", 8);

test("a linear decoder costs one product per patch", () => {
  expect(segmenterMacs(LINEAR).decoder).toBe(64 * 48 * 8);
  expect(segmenterMacs(LINEAR).encoder).toBe(configMacs(LINEAR.encoder).total);
});

test("a mask decoder: projection, two blocks over 64 patches and 8 classes, both projections, the likeness", () => {
  const [n, d] = [72, 48];
  const blocks = 2 * (12 * n * d * d + 2 * n * n * d);
  const { decoder, encoder, total } = segmenterMacs(MASK);
  expect(decoder).toBe(64 * d * d + blocks + n * d * d + 64 * 8 * d);
  expect(total).toBe(encoder + decoder);
});

test("a masked teacher sees fewer patches and runs no decoder", () => {
  const { encoder, decoder, total } = segmenterMacs(MASK, 48);
  expect(decoder).toBe(0);
  expect(total).toBe(encoder);
  expect(encoder).toBe(64 * 192 * 48 + 12 * 4 * 49 * 48 ** 2 + 2 * 4 * 49 ** 2 * 48);
});

test("a decoder narrower than its encoder", () => {
  const config: SegmenterConfig = { ...MASK, decoder: { kind: "mask", width: 24, depth: 1, heads: 2, mlp: 24 } };
  const [n, d] = [72, 24];
  expect(segmenterMacs(config).decoder).toBe(64 * 48 * d + (4 + 2) * n * d * d + 2 * n * n * d + n * d * d + 64 * 8 * d);
});
