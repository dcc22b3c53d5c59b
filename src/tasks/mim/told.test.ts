import { expect, test } from "vitest";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import { targetOf } from "../../methods/mim/mim";
import { compare, randoms, testEngine, upload } from "../../ops/check";
import { patchify } from "../../ops/tokens";
import { unbiased } from "./aim";
import { hiddenCount, MaskedInputs } from "./inputs";
import { toldImages } from "./told";

const ENCODER = {
  ...{ image: 12, patch: 4, channels: 3, classes: 0, width: 8, depth: 1, heads: 2, headDim: 4, mlp: 8 },
  ...{ activation: "gelu" as const, qkvBias: true, projBias: true, eps: 1e-6 },
};

/** The target of normalised images, patch by patch. */
async function targets(images: ArrayLike<number>, kind: "normalised" | "pixels"): Promise<Float32Array> {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const scale = unbiased(engine, 48);
  const cut = { batch: 2, channels: 3, image: 12, patch: 4 };
  const target = targetOf(patchify(graph.fixed(upload(engine, images, "f32"), [2, 3, 12, 12]), cut), kind, scale.on(graph));
  const { target: found } = await (await Program.compile(graph, { target })).fetch();
  scale.destroy();
  return found as Float32Array;
}

test("a normalised target is a patch less its mean, over its unbiased deviation", async () => {
  const images = randoms(2 * 3 * 144, 5);
  const [normalised, pixels] = [await targets(images, "normalised"), await targets(images, "pixels")];
  for (let row = 0; row < 18; row++) {
    const own = [...pixels.subarray(48 * row, 48 * (row + 1))];
    const mean = own.reduce((a, b) => a + b) / 48;
    const variance = own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 47;
    compare(
      "target",
      normalised.subarray(48 * row, 48 * (row + 1)),
      own.map((v) => (v - mean) / Math.sqrt(variance + 1e-6)),
      1e-5,
    );
  }
});

test("a picture of what is told right is the image, and keeps what was seen", async () => {
  const moments = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.25] };
  const images = Uint8Array.from(randoms(2 * 3 * 144, 6), (v) => 128 + 120 * v);
  const normal = Float32Array.from(
    images,
    (v, i) => (v / 255 - moments.mean[Math.floor(i / 144) % 3]) / moments.std[Math.floor(i / 144) % 3],
  );
  const kept = Uint32Array.of(0, 7, 2, 8);
  for (const kind of ["normalised", "pixels"] as const) {
    const told = await targets(normal, kind);
    const patched = { images, side: 12, channels: 3, patch: 4, moments, pixels: "planes" as const };
    const shown = toldImages(patched, { told, kept, normalised: kind === "normalised" });
    expect(Math.max(...shown.map((v, i) => Math.abs(v - images[i])))).toBeLessThanOrEqual(1);
    const wrong = toldImages(patched, { told: told.map(() => 0), kept, normalised: kind === "normalised" });
    const same = Array.from({ length: 9 }, (_, cell) => {
      const [top, left] = [Math.floor(cell / 3) * 4, (cell % 3) * 4];
      return [0, 1, 2, 3].every((y) => [0, 1, 2, 3].every((x) => wrong[(top + y) * 12 + left + x] === images[(top + y) * 12 + left + x]));
    });
    expect(same.flatMap((one, cell) => (one ? [cell] : []))).toEqual([0, 7]);
  }
});

test("of each image as many patches are hidden as asked for, others in every step", async () => {
  const engine = await testEngine();
  const inputs = new MaskedInputs(engine, ENCODER, 2);
  const images = new Float32Array(2 * 3 * 144);
  const seen = (step: number, ratio: number) => [...inputs.load(images, { ratio, seed: 1, step })];
  expect(hiddenCount(9, 0.75)).toBe(7);
  expect([hiddenCount(9, 0.95), hiddenCount(9, 0.05)]).toEqual([8, 1]);
  for (const ratio of [0.05, 0.3, 0.5, 0.75, 0.95]) {
    const k = 9 - hiddenCount(9, ratio);
    const kept = seen(0, ratio);
    expect(kept).toHaveLength(2 * k);
    for (const b of [0, 1]) expect(new Set(kept.slice(b * k, (b + 1) * k)).size).toBe(k);
    expect(seen(0, ratio)).toEqual(kept);
  }
  expect(seen(1, 0.5)).not.toEqual(seen(0, 0.5));
  inputs.destroy();
});
