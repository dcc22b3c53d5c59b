/** The page's HTML brings the pictures that the app then shows. */
import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { firstGallery } from "./first";
import { frame } from "./first.node";

test("the first pictures are those of the gallery, named by what they show", () => {
  const { images, labels, classes, side } = firstGallery();
  const shown = [...frame().matchAll(/alt="(\w+)" src="data:image\/png;base64,([^"]+)"/g)];
  expect(shown.map(([, name]) => name)).toEqual(labels.map((label) => classes[label]));
  for (const [i, [, , data]] of shown.entries()) {
    const { data: pixels } = PNG.sync.read(Buffer.from(data, "base64"));
    const channels = [0, 1, 2].flatMap((c) => Array.from({ length: side ** 2 }, (_, at) => pixels[4 * at + c]));
    expect(channels).toEqual([...images.subarray(i * channels.length, (i + 1) * channels.length)]);
  }
});
