import { test } from "vitest";
import { uniform } from "../engine/random";
import { shiftAndMirror } from "./augment";
import { check, testEngine } from "./check";

test("shiftAndMirror moves every image by its own draws", async () => {
  const [batch, channels, side] = [5, 2, 9];
  await check(await testEngine(), {
    inputs: { images: { shape: [batch, channels, side, side] } },
    op: ({ images }) => shiftAndMirror(images, { seed: 3, step: 7 }),
    reference: ({ images }) => {
      const clamp = (v: number) => Math.min(side - 1, Math.max(0, v));
      const out = images.map((_, i) => {
        const image = Math.floor(i / side / side / channels);
        const [dx, dy, mirror] = [0, 1, 2].map((j) => uniform(3, 0x300, 7, 3 * image + j));
        const col = mirror < 0.5 ? side - 1 - (i % side) : i % side;
        const row = Math.floor(i / side) % side;
        const plane = Math.floor(i / side / side) * side * side;
        return images[plane + clamp(row + Math.floor(dy * 3) - 1) * side + clamp(col + Math.floor(dx * 3) - 1)];
      });
      return [out];
    },
  });
});
