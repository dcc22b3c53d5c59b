import { expect, it } from "vitest";
import { pictureSize } from "./header";

const ascii = (text: string) => [...text].map((c) => c.charCodeAt(0));
const bytes = (...parts: (number[] | string)[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? ascii(part) : part)));

const PNG = bytes("\x89PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", [0, 0, 0x5d, 0xc0, 0, 0, 0x51, 0x61]);

it.each([
  ["PNG", PNG, 24000, 20833],
  ["GIF", bytes("GIF89a", [0x20, 3, 0x58, 2]), 800, 600],
  ["BMP, top down", bytes("BM", Array(16).fill(0), [64, 0, 0, 0], [0xd0, 0xff, 0xff, 0xff]), 64, 48],
  [
    "JPEG behind other segments",
    bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc4, 0, 3, 9, 0xff, 0xc2, 0, 17, 8, 2, 21, 1, 144]),
    400,
    533,
  ],
  ["WebP, lossy", bytes("RIFF\0\0\0\0WEBPVP8 ", Array(10).fill(0), [0x90, 1, 0x15, 2]), 400, 533],
  ["WebP, lossless", bytes("RIFF\0\0\0\0WEBPVP8L", [0, 0, 0, 0, 0x2f], [0x8f, 0x01, 0x85, 0x00]), 400, 533],
  ["WebP, extended", bytes("RIFF\0\0\0\0WEBPVP8X", Array(8).fill(0), [0xbf, 0x5d, 0, 0x60, 0x51, 0]), 24000, 20833],
])("reads the size of %s", (_, picture, width, height) => {
  expect(pictureSize(picture)).toEqual({ width, height });
});

it("knows nothing of other files, or of headers that end early", () => {
  expect(pictureSize(bytes("hello, world, this is text"))).toBeUndefined();
  expect(pictureSize(PNG.subarray(0, 20))).toBeUndefined();
  expect(pictureSize(new Uint8Array())).toBeUndefined();
  expect(pictureSize(bytes([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0]))).toBeUndefined();
});
