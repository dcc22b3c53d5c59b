/** The forward pass against a float64 reference, for every kind of detector, block, norm and mask; what masks isolate. */
import { describe, expect, test } from "vitest";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { uniform } from "../../engine/random";
import { compare, randoms, testEngine, upload } from "../../ops/check";
import { Params } from "../params";
import type { Weights } from "../weights";
import { DETECTORS, type DetectorConfig, smallDetector } from "./config";
import { type DetectorResult, detector } from "./detector";
import { weightsOf } from "./detector.fixture";
import { detectorForward64, type Map64 } from "./detector.reference";
import { initDetector } from "./init";
import type { DetectorOptions } from "./layers";

const BATCH = 2;
const TINY: DetectorConfig = { ...smallDetector("gfl", "student", 3, 64), width: 4, channels: 8 };

const CONFIGS: Record<string, DetectorConfig> = {
  ...Object.fromEntries(DETECTORS.map((kind) => [kind, { ...TINY, kind }])),
  "RetinaNet with five levels, batch norm and bottlenecks": { ...TINY, kind: "retinanet", levels: 5, norm: "bn", block: "bottleneck" },
  "FCOS with five levels, two blocks per stage, a stem of 7": { ...TINY, kind: "fcos", levels: 5, blocks: [2, 1, 2, 1], stem: 7 },
  "GFL on a ResNeXt": { ...TINY, block: "bottleneck", cardinality: 2, groupWidth: 4 },
  "GFL without stacked convolutions": { ...TINY, stacked: 0 },
};

const imagesOf = ({ image }: DetectorConfig, seed = 9) => randoms(BATCH * image * image * 3, seed);

/** All maps a detector gives, by name. */
function named<T>({
  stages,
  pyramid,
  levels,
}: {
  stages: T[];
  pyramid: T[];
  levels: { cls: T; box: T; centerness?: T }[];
}): Record<string, T> {
  return Object.fromEntries([
    ...stages.map((t, l) => [`C${l + 3}`, t] as const),
    ...pyramid.map((t, l) => [`P${l + 3}`, t] as const),
    ...levels.flatMap(({ cls, box, centerness }, l) => [
      [`cls${l}`, cls] as const,
      [`box${l}`, box] as const,
      ...(centerness ? [[`centerness${l}`, centerness] as const] : []),
    ]),
  ]);
}

async function run(config: DetectorConfig, weights: Weights, images: ArrayLike<number>, mask?: number[], more: DetectorOptions = {}) {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const params = new Params(engine, weights);
  const pixels = graph.fixed(upload(engine, images, "f32"), [BATCH, config.image, config.image, 3]);
  const grid = mask && Math.sqrt(mask.length / BATCH);
  const cells = mask && graph.fixed(upload(engine, mask, "f32"), [BATCH, grid, grid] as number[]);
  const result = named<Tensor>(detector(params.on(graph, false), config, pixels, { mask: cells, ...more }) as DetectorResult);
  const program = await Program.compile(graph, result);
  const found = await program.fetch();
  program.dispose();
  params.destroy();
  return found as Record<string, Float32Array>;
}

function reference(
  config: DetectorConfig,
  weights: Weights,
  images: ArrayLike<number>,
  mask?: number[],
  visible = false,
): Record<string, number[]> {
  const each = config.image ** 2 * 3;
  const one = (b: number) => {
    const image = Array.from({ length: each }, (_, i) => images[b * each + i]);
    const own = mask?.slice((b * mask.length) / BATCH, ((b + 1) * mask.length) / BATCH);
    return named<Map64>(detectorForward64(config, weights, image, own, visible));
  };
  const all = Array.from({ length: BATCH }, (_, b) => one(b));
  return Object.fromEntries(Object.keys(all[0]).map((key) => [key, all.flatMap((maps) => [...maps[key].data])]));
}

/** A different choice of visible cells for each image of a grid. */
const maskOf = (grid: number, seed = 4) => Array.from({ length: BATCH * grid * grid }, (_, i) => Number(uniform(seed, 0, 0, i) < 0.6));

describe.each(Object.entries(CONFIGS))("%s", (_, config) => {
  const weights = weightsOf(config);
  const images = imagesOf(config);

  test.each<[string, number[] | undefined, boolean]>([
    ["whole images", undefined, false],
    ["masked on the grid of C5", maskOf(2), false],
    ["masked on a finer grid", maskOf(4), false],
    ["masked, norms of backbone and head measure what is visible", maskOf(2), true],
  ])("%s", async (_, mask, visibleStatistics) => {
    const found = await run(config, weights, images, mask, { visibleStatistics });
    const expected = reference(config, weights, images, mask, visibleStatistics);
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    for (const [name, values] of Object.entries(expected)) compare(name, found[name], values, 2e-5);
  });
});

describe("ViTDet", () => {
  test.each<[string, Partial<DetectorConfig>]>([
    ["GFL, windows of 2 x 2 tokens", { plain: { width: 8, depth: 4, heads: 2, window: 2, globals: 2 } }],
    ["RetinaNet with five levels", { kind: "retinanet", levels: 5, plain: { width: 12, depth: 2, heads: 3, window: 4, globals: 1 } }],
    ["FCOS with four levels, no window", { kind: "fcos", levels: 4, plain: { width: 8, depth: 2, heads: 2, window: 1, globals: 2 } }],
    ["GFL, relative positions", { plain: { width: 8, depth: 2, heads: 2, window: 2, globals: 1, relative: true } }],
    ["ATSS", { kind: "atss", plain: { width: 16, depth: 3, heads: 2, window: 2, globals: 1 } }],
  ])("%s", async (_, more) => {
    const config = { ...TINY, ...more };
    const weights = weightsOf(config);
    const images = imagesOf(config);
    for (const mask of [undefined, maskOf(2), maskOf(4)]) {
      const found = await run(config, weights, images, mask);
      const expected = reference(config, weights, images, mask);
      expect(Object.keys(found)).toEqual(Object.keys(expected));
      for (const [name, values] of Object.entries(expected)) compare(name, found[name], values, 5e-5);
    }
  });

  const plain = { width: 8, depth: 2, heads: 2, window: 2, globals: 1 };

  test("pixels of erased cells change no bit of anything", async () => {
    const config = { ...TINY, plain };
    const [weights, images, mask] = [weightsOf(config), imagesOf(config), maskOf(4)];
    const changed = (value: number) =>
      images.map((v, i) => {
        const [b, y, x] = [Math.floor(i / 3 / 64 / 64), Math.floor(i / 3 / 64) % 64, Math.floor(i / 3) % 64];
        return mask[16 * b + 4 * Math.floor(y / 16) + Math.floor(x / 16)] === value ? -v : v;
      });
    const seen = await run(config, weights, images, mask);
    expect(await run(config, weights, changed(0), mask)).toEqual(seen);
    expect(await run(config, weights, changed(1), mask)).not.toEqual(seen);
    expect(await run(config, weights, images, new Array(32).fill(1))).toEqual(await run(config, weights, images));
  });

  test("says which windows do not fit", () => {
    expect(() => weightsOf({ ...TINY, plain: { ...plain, window: 3 } })).toThrow("windows of 3 do not tile 4 x 4 tokens");
    expect(() => weightsOf({ ...TINY, plain: { ...plain, heads: 3 } })).toThrow("a width of 8 cannot be shared by 3 heads");
    expect(() => weightsOf({ ...TINY, plain: { ...plain, globals: 3 } })).toThrow("3 of 2 blocks are to be global");
    expect(() => weightsOf({ ...TINY, plain: { ...plain, depth: 1e9 } })).toThrow("the plain backbone's depth is 1000000000");
    expect(() => weightsOf({ ...TINY, plain: "large" as never })).toThrow("the plain backbone's width is undefined");
  });
});

describe("what an input mask isolates", () => {
  const weights = weightsOf(TINY);
  const mask = [0, 1, 1, 0, 1, 1, 0, 1];
  const images = imagesOf(TINY);
  /** The images with other pixels in the cells where the mask is `value`. */
  const changed = (value: number) =>
    images.map((v, i) => {
      const [b, y, x] = [Math.floor(i / 3 / 64 / 64), Math.floor(i / 3 / 64) % 64, Math.floor(i / 3) % 64];
      return mask[4 * b + 2 * Math.floor(y / 32) + Math.floor(x / 32)] === value ? -v : v;
    });

  test("with every cell visible a mask changes no bit", async () => {
    expect(await run(TINY, weights, images, new Array(8).fill(1))).toEqual(await run(TINY, weights, images));
  });

  test.each([false, true])("pixels in erased cells change no bit of anything (visible statistics: %s)", async (visibleStatistics) => {
    const seen = await run(TINY, weights, images, mask, { visibleStatistics });
    expect(await run(TINY, weights, changed(0), mask, { visibleStatistics })).toEqual(seen);
    expect(await run(TINY, weights, changed(1), mask, { visibleStatistics })).not.toEqual(seen);
    expect(await run(TINY, weights, images, mask, { visibleStatistics: !visibleStatistics })).not.toEqual(seen);
  });

  test("erased cells of C3, C4 and C5 are zero, visible ones are not", async () => {
    const found = await run(TINY, weights, images, mask);
    for (const [l, channels] of [8, 16, 32].entries()) {
      const side = 8 >> l;
      const maps = found[`C${l + 3}`];
      for (const [cell, value] of mask.entries()) {
        const [b, row, column] = [cell >> 2, (cell >> 1) & 1, cell & 1];
        const inside = maps.filter((_, i) => {
          const [image, y, x] = [
            Math.floor(i / channels / side / side),
            Math.floor(i / channels / side) % side,
            Math.floor(i / channels) % side,
          ];
          return image === b && Math.floor((2 * y) / side) === row && Math.floor((2 * x) / side) === column;
        });
        expect(inside.some((v) => v !== 0)).toBe(value === 1);
      }
    }
  });
});

describe("what does not fit is named", () => {
  test("a parameter of another size, images of another size", async () => {
    const graph = new Graph(await testEngine());
    const bound = new Params(await testEngine(), initDetector(TINY, 1)).on(graph, false);
    const images = graph.temp([1, 64, 64, 3]);
    expect(() => detector(bound, { ...TINY, classes: 4 }, images)).toThrow(
      'detector: tensor "bbox_head.gfl_cls.weight" has the shape [3,3,3,8], but this model needs [4,3,3,8]. Use a checkpoint',
    );
    expect(() => detector(bound, { ...TINY, kind: "atss" }, images)).toThrow('"bbox_head.atss_cls.weight" of shape [3,3,3,8] is missing.');
    expect(() => detector(bound, TINY, graph.temp([1, 3, 64, 64]))).toThrow("detector: images are [1,3,64,64], not [1,64,64,3]");
  });
});
