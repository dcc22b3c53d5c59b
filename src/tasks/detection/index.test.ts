import { expect, test } from "vitest";
import { Schema } from "../../settings/schema";
import { detection } from "./index";
import { dataset } from "./task.fixture";

const SCHEMA = new Schema([detection]);

test("every size is made of settings that can be", () => {
  for (const preset of SCHEMA.presets)
    for (const size of Object.values(detection.sizes))
      for (const [key, value] of Object.entries(size)) expect(SCHEMA.parse(key, value, preset)).toBe(value);
});

test("images that a backbone's stages do not halve are said at their side, with the nearest that they do", () => {
  const told = (side: number) => detection.conflicts?.({ ...SCHEMA.defaults("samkd"), side });
  expect([told(600), told(65)]).toEqual(
    [608, 64].map((side) => ({ side: expect.stringContaining(`multiple of 32 pixels; the nearest is ${side}.`) })),
  );
  expect([64, 640].map(told)).toEqual([{}, {}]);
});

test("its networks are described for people", async () => {
  const { networks } = await detection.runtime();
  const config = { kind: "gfl", blocks: [1, 2, 2, 1], width: 16, channels: 32 };
  expect(networks.describe({ config } as never)).toBe("GFL, ResNet of 14 layers, width 16, pyramid 32");
  const grouped = { ...config, block: "bottleneck", cardinality: 8 };
  expect(networks.describe({ config: grouped } as never)).toBe("GFL, ResNeXt of 20 layers in 8 groups, width 16, pyramid 32");
});

test("generated data are made again from their id, and packed data are the same when unpacked", async () => {
  const data = await detection.data();
  const options = data.optionsOf(dataset.id);
  expect(options).toEqual({ side: 64, train: 12, test: 6, seed: 3 });
  expect(data.optionsOf("scenes-32-10-10-1")).toBeUndefined();
  const again = data.generated(options!);
  const { train, test: heldOut, ...rest } = data.unpack(structuredClone(data.pack(again)));
  expect(rest).toEqual({ ...dataset, train: undefined, test: undefined });
  for (const [split, found] of [
    [dataset.train, train],
    [dataset.test, heldOut],
  ] as const) {
    expect(found.count).toBe(split.count);
    expect([found.image(3), found.truths(3)]).toEqual([split.image(3), split.truths(3)]);
  }
  expect(data.channels(again)).toBe(3);
});

test("a visitor's files are decoded whole, and what a person should know comes beside the data", async () => {
  const data = await detection.data();
  const file = (path: string, text: string) => ({ path, size: text.length, bytes: async () => new TextEncoder().encode(text) });
  const names = Array.from({ length: 8 }, (_, i) => `${i}`);
  const files = [
    file("data/classes.txt", "cat"),
    ...names.flatMap((name) => [file(`data/${name}.png`, name), file(`data/${name}.txt`, "0 0.5 0.5 0.5 0.5")]),
  ];
  const pixels = (bytes: Uint8Array, side: number) => new Uint8Array(3 * side * side).fill(bytes[0]);
  const decoders = {
    square: () => Promise.reject(new Error("cut square")),
    whole: async (bytes: Uint8Array, side: number) => ({ pixels: pixels(bytes, side), width: 40, height: 40 }),
  };
  const { packed, notes } = await data.open(files, { side: 64, seed: 1, decoders });
  const opened = data.unpack(packed);
  expect([opened.classes, opened.train.count + opened.test.count]).toEqual([["cat"], 8]);
  expect(opened.train.truths(0)).toEqual([{ category: 0, box: [16, 16, 48, 48] }]);
  expect(Object.keys(opened)).not.toContain("notes");
  expect(notes).toBeInstanceOf(Array);
});
