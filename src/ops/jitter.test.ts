/** Colour jitter against torchvision's formulas written out, with Python's colorsys for the hue. */
import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { jitterCase, MOMENTS } from "./cases/jitter";
import { check, randoms, testEngine, upload } from "./check";
import { colourJitter } from "./jitter";

describe("colourJitter", () => {
  test.each([
    { shape: [24, 3, 5, 5], strength: 1, grey: 0.2 },
    { shape: [24, 3, 4, 4], strength: 2.4, grey: 0 },
    { shape: [12, 1, 6, 6], strength: 1, grey: 0.5 },
  ])("of $shape, strength $strength, $grey grey", async ({ shape, strength, grey }) => {
    await check(await testEngine(), jitterCase(shape, strength, grey));
  });

  test("at strength 0 changes no colour that is one, and makes the share asked for grey", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    // Colours in 0..1 that are not grey.
    const values = Float64Array.from(randoms(400 * 3, 2), (v, i) => (0.5 + 0.3 * v - MOMENTS.mean[i % 3]) / MOMENTS.std[i % 3]);
    const given = graph.fixed(upload(engine, values, "f32"), [400, 3, 1, 1]);
    const program = await Program.compile(graph, {
      out: colourJitter(given, { seed: 1, step: 0, stream: 5, strength: 0, grey: 0.2, moments: MOMENTS }),
    });
    const { out } = await program.fetch();
    const changed = Array.from({ length: 400 }, (_, b) => [0, 1, 2].some((c) => Math.abs(out[3 * b + c] - values[3 * b + c]) > 1e-4));
    expect(Math.abs(changed.filter(Boolean).length - 80)).toBeLessThan(32);
    program.dispose();
  });

  test("refuses images of two channels", async () => {
    const graph = new Graph(await testEngine());
    const options = { seed: 1, step: 0, stream: 5, strength: 1, grey: 0, moments: MOMENTS };
    expect(() => colourJitter(graph.temp([2, 2, 4, 4]), options)).toThrow("images have 2 channels");
  });
});
