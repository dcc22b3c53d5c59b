import { PNG as Png } from "pngjs";
import { describe, expect, it } from "vitest";
import { faultOf, orientationOf, pictureSize } from "./header";

const ascii = (text: string) => [...text].map((c) => c.charCodeAt(0));
const bytes = (...parts: (number[] | string)[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? ascii(part) : part)));

const PNG = bytes("\x89PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", [0, 0, 0x5d, 0xc0, 0, 0, 0x51, 0x61]);

const LARGE_GIF = bytes(
  ...["GIF89a", [2, 0, 2, 0, 0x80, 0, 0], [0, 0, 0, 255, 255, 255]],
  ...[
    [0x21, 0xf9, 4, 0, 0, 0, 0, 0],
    [0x21, 0xfe, 2, 1, 2, 1, 3, 0],
  ],
  ...[[0x2c, 5, 0, 7, 0, 0x53, 0xb3, 0x1b, 0x62, 0]],
);
const ispe = (...size: number[]) => [
  ...bytes([0, 0, 0, 20], "ispe", [0, 0, 0, 0], ...size.map((n) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255])),
];

it.each([
  ["PNG", PNG, 24000, 20833],
  ["GIF", bytes("GIF89a", [0x20, 3, 0x58, 2]), 800, 600],
  ["GIF whose first frame is larger, behind colours and extensions", LARGE_GIF, 0xb353 + 5, 0x621b + 7],
  ["GIF that ends in an extension", bytes("GIF89a", [2, 0, 3, 0, 0, 0, 0, 0x21, 0xf9, 4, 0]), 2, 3],
  ["BMP of the oldest kind", bytes("BM", Array(12).fill(0), [12, 0, 0, 0], [0x20, 3, 0x58, 2]), 800, 600],
  ["AVIF, the largest part", bytes([0, 0, 0, 12], "ftypavif", ispe(9, 9), ispe(70_000, 65_000), ispe(1, 1)), 70_000, 65_000],
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

/** A JPEG of no pixels whose Exif says how to turn it, in either order of bytes. */
function turned(orientation: number, little: boolean): Uint8Array {
  const two = (value: number) => (little ? [value & 255, value >> 8] : [value >> 8, value & 255]);
  const four = (value: number) => (little ? [...two(value), 0, 0] : [0, 0, ...two(value)]);
  const other = [...two(0x010f), ...two(2), ...four(0), ...four(0)];
  const entry = [...two(0x0112), ...two(3), ...four(1), ...two(orientation), 0, 0];
  const exif = bytes("Exif\0\0", little ? "II" : "MM", two(42), four(8), two(2), other, entry);
  return bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xe1, 0, exif.length + 2], [...exif], [0xff, 0xda, 0, 2, 0xff, 0xd9]);
}

describe("how a picture is to be turned", () => {
  it.each([1, 3, 6, 8])("is read from Exif: %i", (orientation) => {
    expect([orientationOf(turned(orientation, true)), orientationOf(turned(orientation, false))]).toEqual([orientation, orientation]);
  });

  it("is not at all where nothing sensible is said", () => {
    for (const picture of [PNG, turned(9, true), turned(6, true).subarray(0, 30), new Uint8Array()]) expect(orientationOf(picture)).toBe(1);
  });
});

describe("what is wrong with a picture", () => {
  const png = new Uint8Array(Png.sync.write(new Png({ width: 3, height: 2 })));
  const bmp = (width: number) => bytes("BM", Array(16).fill(0), [...new Uint8Array(Int32Array.of(width, 2).buffer)]);

  it.each<[string, Uint8Array, string | undefined]>([
    ["a sound PNG", png, undefined],
    ["a PNG with more behind it", bytes([...png], "more"), undefined],
    ["a PNG cut short", png.subarray(0, -4), "is damaged: its end is missing"],
    ["a PNG with a wrong bit", png.map((byte, i) => (i === 42 ? byte ^ 1 : byte)), "is damaged: a check sum is wrong"],
    ["a sound JPEG", turned(1, true), undefined],
    ["a JPEG cut short", turned(1, true).subarray(0, -2), "is damaged: its end is missing"],
    ["a JPEG without pixels", bytes([0xff, 0xd8, 0xff, 0xd9]), "is damaged: its end is missing"],
    ["nothing", new Uint8Array(), "is empty"],
    ["a BMP", bmp(2), undefined],
    ["a BMP of negative width", bmp(-2), "is damaged: it has -2 x 2 pixels"],
    ["a BMP without width", bmp(0), "is damaged: it has 0 x 2 pixels"],
    ["text", bytes("hello"), undefined],
  ])("%s", (_, picture, fault) => {
    expect(faultOf(picture)).toBe(fault);
  });
});
