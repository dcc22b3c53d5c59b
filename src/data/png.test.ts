import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { randoms } from "../ops/check";
import { DataError } from "./dataset";
import { readPng } from "./png";
import { pngBytes } from "./png.fixture";

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const draws = (count: number, depth: number) => Array.from(randoms(count, depth), (v) => Math.floor(((v + 1) / 2) * 2 ** depth));

const kinds = Object.entries({ 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] }).flatMap(([colour, depths]) =>
  depths.map((depth) => ({ colour: Number(colour), depth })),
);

describe.each(kinds)("colour type $colour of $depth bits", ({ colour, depth }) => {
  it.each([
    { width: 11, height: 7, interlaced: false },
    { width: 13, height: 10, interlaced: true },
    { width: 1, height: 1, interlaced: true },
    { width: 3, height: 2, interlaced: true },
  ])("$width x $height, interlaced: $interlaced, gives back every sample through every filter", ({ width, height, interlaced }) => {
    const samples = draws(width * height * CHANNELS[colour], depth);
    const palette = colour === 3 ? Array.from({ length: 3 * 2 ** depth }, (_, i) => (7 * i) % 256) : undefined;
    const png = readPng(pngBytes({ width, height, depth, colour, samples, palette, interlaced, filter: (row) => row % 5 }), "a.png");
    expect([png.width, png.height, png.depth, png.colour]).toEqual([width, height, depth, colour]);
    expect([...png.samples]).toEqual(samples);
    expect(png.palette && [...png.palette]).toEqual(palette);
  });
});

describe("agrees with pngjs", () => {
  it.each([2, 6] as const)("on what it writes, colour type %i", (colorType) => {
    const png = new PNG({ width: 9, height: 5 });
    png.data.set(draws(9 * 5 * 4, 8));
    const bytes = PNG.sync.write(png, { colorType, inputHasAlpha: true, filterType: 4 });
    const theirs = PNG.sync.read(bytes).data;
    const { samples, channels } = readPng(bytes, "a.png");
    const same = Array.from({ length: 45 }, (_, i) => [...theirs.subarray(4 * i, 4 * i + channels)]).flat();
    expect([...samples]).toEqual(same);
  });

  it("on a palette made by hand: its colours are those of our indices", () => {
    const palette = [0, 0, 0, 128, 0, 0, 0, 128, 0, 224, 224, 192];
    const samples = [0, 1, 2, 3, 3, 2, 1, 0, 1];
    const bytes = pngBytes({ width: 3, height: 3, depth: 2, colour: 3, samples, palette });
    const theirs = PNG.sync.read(Buffer.from(bytes)).data;
    expect([...readPng(bytes, "a.png").samples]).toEqual(samples);
    for (const [i, index] of samples.entries())
      expect([...theirs.subarray(4 * i, 4 * i + 3)]).toEqual(palette.slice(3 * index, 3 * index + 3));
  });
});

describe("refuses, naming the file", () => {
  const sound = pngBytes({ width: 4, height: 4, depth: 8, colour: 0, samples: draws(16, 8) });
  const changed = (at: number, value: number) => sound.with(at, value);

  it.each<[string, Uint8Array, string]>([
    ["what is no PNG", Uint8Array.of(0xff, 0xd8, 0xff), "m.png is no PNG"],
    ["a file cut short", sound.subarray(0, sound.length - 20), "m.png is a damaged PNG: it ends early"],
    ["no header", sound.with(12, 0x4a), "it has no header"],
    ["no pixels", changed(19, 0), "it has 0 x 4 pixels"],
    ["grey of 3 bits", changed(24, 3), "there is no colour type 0 of 3 bits"],
    ["an unknown colour type", changed(25, 5), "there is no colour type 5"],
    ["an unknown interlacing", changed(28, 2), "there is no interlacing 2"],
    ["fewer pixels than announced", changed(23, 9), "it has fewer pixels than its header says"],
    ["more pixels than a tab holds", changed(16, 0x10), "100 megapixels are the limit"],
    ["so many pixels that its bytes cannot hold them", changed(18, 0x10), "it has fewer pixels than its header says"],
    ["broken compression", changed(43, 0xff), "its pixels cannot be unpacked"],
    ["an unknown filter", pngBytes({ width: 1, height: 1, depth: 8, colour: 0, samples: [1], filter: () => 9 }), "there is no filter 9"],
  ])("%s", (_, bytes, message) => {
    expect(() => readPng(bytes, "m.png")).toThrow(message);
    expect(() => readPng(bytes, "m.png")).toThrow(DataError);
  });
});
