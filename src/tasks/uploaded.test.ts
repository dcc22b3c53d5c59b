import { expect, test } from "vitest";
import { Batches } from "../data/batches";
import type { Pictures } from "../data/dataset";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { testEngine } from "../ops/check";
import { giveImages, imagesOn, takeImages } from "./uploaded";

const MOMENTS = { mean: [0.47, 0.45, 0.41], std: [0.23, 0.29, 0.31] };
const STRIPES = { count: 7, label: (i: number) => i % 2 };

function pictures(side: number, channels: 1 | 3): Pictures {
  const split = { ...STRIPES, image: (i: number) => Uint8Array.from({ length: channels * side ** 2 }, (_, at) => (31 * i + 7 * at) % 256) };
  return { id: "stripes", name: "Stripes", side, channels, classes: ["a", "b"], moments: MOMENTS, train: split, test: split };
}

test.each([
  { side: 8, channels: 3 as const },
  { side: 3, channels: 1 as const }, // the last word is not full
])("bytes become on the GPU what they become here, to the bit: $side pixels, $channels channels", async ({ side, channels }) => {
  const engine = await testEngine();
  const batches = new Batches(pictures(side, channels), 3, 1);
  const shape = [3, channels, side, side];
  const buffers = takeImages(engine, shape, batches.values);
  const graph = new Graph(engine);
  const program = await Program.compile(graph, { images: imagesOn(graph, buffers, shape) });
  for (const step of [0, 5]) {
    const { images, indices, labels } = batches.train.take(step);
    expect(images).toBeInstanceOf(Uint8Array);
    engine.device.queue.writeBuffer(buffers.images, 0, images as BufferSource);
    const expected = batches.load(batches.dataset.train, indices);
    expect((await program.fetch()).images).toEqual(expected.images);
    expect(labels).toEqual(expected.labels);
  }
  program.dispose();
  giveImages(engine, buffers);
});

test("pictures that are no bytes are uploaded as they were", () => {
  const { train } = pictures(4, 1);
  const sounds = { ...pictures(4, 1), full: 1, train: { ...train, image: (i: number) => Float32Array.from(train.image(i), (v) => v / 9) } };
  const batches = new Batches(sounds, 2, 1);
  expect(batches.values).toBeUndefined();
  expect(batches.train.take(1)).toEqual(batches.load(sounds.train, batches.train.take(1).indices));
});
