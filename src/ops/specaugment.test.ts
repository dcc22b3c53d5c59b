/** SpecAugment against torchaudio's rule written out, for the same draws. */
import { expect, test } from "vitest";
import { Graph, Live } from "../engine/graph";
import { Program } from "../engine/program";
import { uniform } from "../engine/random";
import { check, testEngine, upload } from "./check";
import { specAugment } from "./specaugment";

const [BATCH, CHANNELS, BANDS, FRAMES] = [5, 2, 8, 12];
const FILL = -7;

/** Whether a place is masked: torchaudio's `mask_along_axis` for draws u and v. */
function masked(at: number, size: number, most: number, u: number, v: number): boolean {
  const value = u * most;
  const start = Math.floor(v * (size - value));
  return at >= start && at < start + Math.floor(value);
}

function expected(values: ArrayLike<number>, bands: number, frames: number, step: number): number[] {
  return Array.from(values, (value, i) => {
    const frame = i % FRAMES;
    const band = Math.floor(i / FRAMES) % BANDS;
    const image = Math.floor(i / FRAMES / BANDS / CHANNELS);
    const draw = (n: number) => uniform(3, 0x320, step, 4 * image + n);
    return masked(band, BANDS, bands, draw(0), draw(1)) || masked(frame, FRAMES, frames, draw(2), draw(3)) ? FILL : value;
  });
}

test.each([
  [4, 6],
  [0, 6],
  [8, 0],
  [1, 1],
])("fewer than %d bands and %d frames are masked", async (bands, frames) => {
  await check(await testEngine(), {
    inputs: { pictures: { shape: [BATCH, CHANNELS, BANDS, FRAMES] } },
    op: ({ pictures }) => specAugment(pictures, { seed: 3, step: 2, bands, frames, fill: FILL }),
    reference: ({ pictures }) => [expected(pictures, bands, frames, 2)],
    tolerance: 1e-6,
  });
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
