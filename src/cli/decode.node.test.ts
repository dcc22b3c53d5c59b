import { createCanvas } from "@napi-rs/canvas";
import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import type { SourceFile } from "../data/files";
import { pictureSize } from "../data/header";
import { openFiles } from "../data/open";
import { openDetection } from "../data/open.detection";
import { hasShared, sharedBytes, sharedPaths } from "../models/shared.fixture";
import { decodeInNode, decodeWholeInNode } from "./decode.node";

/** A PNG of one colour. */
function png(width: number, height: number, rgba: number[]): Uint8Array {
  const picture = new PNG({ width, height });
  picture.data.set(Array.from({ length: width * height }, () => rgba).flat());
  return new Uint8Array(PNG.sync.write(picture));
}

const file = (path: string, bytes: Uint8Array): SourceFile => ({ path, size: bytes.length, bytes: () => Promise.resolve(bytes) });
const options = { side: 8, decode: decodeInNode, seed: 0 };

describe("PNG", () => {
  it("decodes, over white where it is transparent", async () => {
    expect([...(await decodeInNode(png(5, 9, [10, 20, 30, 255]), 2))]).toEqual([10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30]);
    expect((await decodeInNode(png(2, 2, [0, 0, 0, 0]), 2)).every((value) => value === 255)).toBe(true);
  });

  it("is fitted in whole, interleaved", async () => {
    const { pixels, width, height } = await decodeWholeInNode(png(8, 4, [10, 20, 30, 255]), 4);
    expect([width, height]).toEqual([8, 4]);
    const row = (value: number[]) => [0, 1, 2, 3].flatMap(() => value);
    expect([...pixels]).toEqual(
      [
        [0, 0, 0],
        [10, 20, 30],
        [10, 20, 30],
        [0, 0, 0],
      ].flatMap(row),
    );
    const tall = await decodeWholeInNode(png(3, 9, [10, 20, 30, 255]), 3);
    expect([...tall.pixels.filter((_, i) => i % 3 === 1)]).toEqual([0, 20, 0, 0, 20, 0, 0, 20, 0]);
  });

  it("becomes a data set; damaged ones are left out and named", async () => {
    const good = ["red", "blue"].flatMap((name, c) =>
      [0, 1, 2].map((i) => file(`${name}/${i}.png`, png(12, 10 + i, [255 - c, 0, c, 255]))),
    );
    expect(await openFiles(good, options)).toMatchObject({ classes: ["blue", "red"], train: { count: 4 }, test: { count: 2 } });
    const damaged = png(12, 12, [1, 2, 3, 255]).map((byte, i) => (i === 45 ? byte ^ 255 : byte));
    const bad = [file("red/damaged.png", damaged), file("red/text.jpg", new TextEncoder().encode("hello"))];
    expect((await openFiles([...good, ...bad], options)).notes).toEqual([
      "Pictures that could not be read, left out: 2 (red/damaged.png is damaged: a check sum is wrong, " +
        "red/text.jpg is damaged, or a kind of picture that cannot be read here).",
    ]);
  });
});

/** Colours of the four quarters, in the order of reading. */
const QUARTERS = ["rgb(255,0,0)", "rgb(0,255,0)", "rgb(0,0,255)", "rgb(255,255,0)"];

function quarters(width: number, height: number) {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  for (const [i, colour] of QUARTERS.entries()) {
    context.fillStyle = colour;
    context.fillRect((i % 2) * (width / 2), Math.floor(i / 2) * (height / 2), width / 2, height / 2);
  }
  return canvas;
}

/** A JPEG of 32 x 16 whose Exif says how to turn it. */
async function turned(orientation: number): Promise<Uint8Array> {
  const jpeg = await quarters(32, 16).encode("jpeg", 100);
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const exif = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0, exif.length + 2, ...exif, ...jpeg.subarray(2)]);
}

describe("pictures of other kinds", () => {
  /** Which of the quarters' colours is in the middle of each quarter of a square picture, in the order of reading. */
  const seen = (pixels: Uint8Array, side: number, width = side, height = side) =>
    [0, 1, 2, 3].map((i) => {
      const x = Math.floor((side - width) / 2 + ((i % 2) + 0.5) * (width / 2));
      const y = Math.floor((side - height) / 2 + (Math.floor(i / 2) + 0.5) * (height / 2));
      const rgb = [0, 1, 2].map((c) => (pixels[3 * (y * side + x) + c] > 128 ? 255 : 0));
      return QUARTERS.indexOf(`rgb(${rgb})`);
    });

  it.each([
    [1, [0, 1, 2, 3]],
    [2, [1, 0, 3, 2]],
    [3, [3, 2, 1, 0]],
    [4, [2, 3, 0, 1]],
    [5, [0, 2, 1, 3]],
    [6, [2, 0, 3, 1]],
    [7, [3, 1, 2, 0]],
    [8, [1, 3, 0, 2]],
  ])("stand upright as Exif says: %i", async (orientation, expected) => {
    const { pixels, width, height } = await decodeWholeInNode(await turned(orientation), 32);
    expect([width, height]).toEqual(orientation < 5 ? [32, 16] : [16, 32]);
    expect(seen(pixels, 32, width, height)).toEqual(expected);
  });

  it.each(["jpeg", "webp", "gif", "avif"] as const)("decode: %s", async (kind) => {
    const canvas = quarters(16, 16);
    const bytes = new Uint8Array(kind === "gif" ? await canvas.encode(kind) : await canvas.encode(kind as "jpeg"));
    expect(seen((await decodeWholeInNode(bytes, 16)).pixels, 16)).toEqual([0, 1, 2, 3]);
  });

  it("decode: PPM and PGM, with comments and other largest values", async () => {
    const ppm = (header: string, values: number[]) => Uint8Array.from([...new TextEncoder().encode(header), ...values]);
    const colours = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
    ];
    // Three pixels a line: nine bytes, which a BMP fills up to twelve.
    expect([...(await decodeInNode(ppm("P6 # made by hand\n3 3\n255\n", [...colours, ...colours, ...colours].flat()), 3))]).toEqual(
      [0, 1, 2].flatMap((c) => [0, 1, 2].flatMap(() => [0, 1, 2].map((x) => (x === c ? 255 : 0)))),
    );
    expect([...(await decodeInNode(ppm("P5\n2\n2\n15\n", [0, 15, 5, 10]), 2)).subarray(0, 4)]).toEqual([0, 255, 85, 170]);
    const refused: [file: Uint8Array, why: RegExp][] = [
      [ppm("P6\n2 2\n255\n", [1, 2, 3]), /cut short/],
      [ppm("P5\n1 1\n65535\n", [1, 2]), /no PPM or PGM of 8 bits/],
      [ppm("P5\n99999999 99999999\n255\n", []), /cut short|pixels/],
    ];
    for (const [bad, why] of refused) await expect(decodeInNode(bad, 2)).rejects.toThrow(why);
  });

  it("decode: a photograph of 36 megapixels", async () => {
    const { pixels, width, height } = await decodeWholeInNode(await quarters(7200, 5000).encode("jpeg", 80), 64);
    expect([width, height]).toEqual([7200, 5000]);
    expect(seen(pixels, 64, 64, 44)).toEqual([0, 1, 2, 3]);
  });
});

describe.skipIf(!hasShared)("the clothing photographs", () => {
  function photographs(folder: string): SourceFile[] {
    return sharedPaths(folder).map((path) => ({ path, size: 1, bytes: () => Promise.resolve(sharedBytes(path)) }));
  }

  it("open as ten classes, with the validation part held out", async () => {
    const data = await openFiles(photographs("clothing/short64"), { ...options, side: 32 });
    expect(data).toMatchObject({ name: "clothing (yours)", channels: 3, train: { count: 1435 }, test: { count: 341 }, notes: [] });
    expect(data.classes).toEqual(["dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt"]);
  });

  it("tell their size before they are decoded", () => {
    const [first] = photographs("clothing/original/validation/hat");
    expect(pictureSize(sharedBytes(first.path))?.width).toBeGreaterThan(300);
  });
});

describe.skipIf(!hasShared)("blood cells", () => {
  it("lie where their boxes are: white cells are stained dark", async () => {
    const names = sharedPaths("bccd/Annotations").slice(0, 8);
    const paths = names.flatMap((path) => [path, path.replace("Annotations", "JPEGImages").replace(".xml", ".jpg")]);
    const data = await openDetection(
      paths.map((path) => file(path, sharedBytes(path))),
      { side: 96, decode: decodeWholeInNode, seed: 1 },
    );
    const green = (image: Uint8Array, keep: (x: number, y: number) => boolean) => {
      const values = image.filter((_, i) => i % 3 === 1).filter((_, i) => keep(i % 96, Math.floor(i / 96)));
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    const white = Array.from({ length: data.train.count }, (_, i) => i).flatMap((i) =>
      data.train
        .truths(i)
        .flatMap(({ category, box: [x1, y1, x2, y2] }) =>
          data.classes[category] === "WBC"
            ? [green(data.train.image(i), (x, y) => x > x1 && x < x2 && y > y1 && y < y2) - green(data.train.image(i), () => true)]
            : [],
        ),
    );
    expect(white.length).toBeGreaterThan(4);
    expect(Math.max(...white)).toBeLessThan(0);
    expect(white.reduce((sum, difference) => sum + difference, 0) / white.length).toBeLessThan(-10);
  });
});
