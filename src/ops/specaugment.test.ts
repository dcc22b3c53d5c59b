/** SpecAugment against torchaudio's rule written out, for the same draws. */
import { expect, test } from "vitest";
import { Graph, Live } from "../engine/graph";
import { Program } from "../engine/program";
import { BANDS, BATCH, CHANNELS, expected, FILL, FRAMES, specAugmentCase } from "./cases/specaugment";
import { check, testEngine, upload } from "./check";
import { specAugment } from "./specaugment";

test.each([
  [4, 6],
  [0, 6],
  [8, 0],
  [1, 1],
])("fewer than %d bands and %d frames are masked", async (bands, frames) => {
  await check(await testEngine(), specAugmentCase(bands, frames));
});

test("limits and draws change between runs of one recording", async () => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const values = new Float32Array(BATCH * CHANNELS * BANDS * FRAMES).fill(1);
  const [step, bands] = [new Live(0), new Live(4)];
  const pictures = graph.fixed(upload(engine, values, "f32"), [BATCH, CHANNELS, BANDS, FRAMES]);
  const out = specAugment(pictures, { seed: 3, step, bands, frames: 0, fill: FILL });
  const program = await Program.compile(graph, { out });
  for (const [at, most] of [
    [0, 4],
    [1, 4],
    [1, 8],
  ]) {
    [step.value, bands.value] = [at, most];
    expect([...(await program.fetch()).out]).toEqual(expected(values, most, 0, at));
  }
});
