/** WAV files of every kind that is read, and those that are refused. */
import { describe, expect, test } from "vitest";
import { DataError } from "./dataset";
import { readWav } from "./wav";
import { tone, wavBytes } from "./wav.fixture";

const SAMPLES = [0, 0.25, -0.5, 0.75, -1, 0.999];

test.each([
  ["8 bits", { bits: 8 }, 1 / 128],
  ["16 bits", { bits: 16 }, 2 ** -15],
  ["24 bits", { bits: 24 }, 2 ** -22],
  ["32 bits", { bits: 32 }, 1e-7],
  ["floats of 32 bits", { kind: 3, bits: 32 }, 1e-7],
  ["floats of 64 bits", { kind: 3, bits: 64 }, 1e-7],
  ["the long header", { bits: 24, extensible: true }, 2 ** -22],
  ["a size left open", { claimed: 0xffffffff }, 2 ** -15],
  ["no size", { claimed: 0 }, 2 ** -15],
  ["a chunk of odd length before", { before: Uint8Array.of(76, 73, 83, 84, 3, 0, 0, 0, 1, 2, 3, 0) }, 2 ** -15],
])("samples are read: %s", (_, options, precision) => {
  const { rate, channels, samples } = readWav(wavBytes(SAMPLES, options), "a.wav");
  expect([rate, channels, samples.length]).toEqual([16_000, 1, 6]);
  for (const [i, v] of SAMPLES.entries()) expect(Math.abs(samples[i] - v)).toBeLessThanOrEqual(precision);
});

test("channels are mixed to their mean", () => {
  const { channels, rate, samples } = readWav(wavBytes([0.5, -0.5, 0.25, 0.75], { channels: 2, rate: 44_100 }), "a.wav");
  expect([channels, rate, ...samples]).toEqual([2, 44_100, 0, 0.5]);
});

describe("what is no such file is refused by name", () => {
  test.each([
    [Uint8Array.of(1, 2, 3), "a.wav is not a WAV file."],
    [wavBytes([]), "a.wav holds no samples."],
    [wavBytes(SAMPLES, { claimed: 4000 }), "a.wav is cut off: it has 12 of 4000 bytes of samples."],
    [wavBytes(SAMPLES, { kind: 17 }), "a.wav is compressed (IMA ADPCM)."],
    [wavBytes([Number.NaN], { kind: 3, bits: 32 }), "a.wav holds samples that are not numbers."],
    [wavBytes(SAMPLES, { rate: 10 }), "a.wav claims 10 samples a second."],
    [wavBytes(SAMPLES, { channels: 0 }), "a.wav has no channel."],
    [wavBytes(SAMPLES).subarray(0, 20), "a.wav holds no samples."],
  ])("%#: %s", (bytes, message) => {
    expect(() => readWav(bytes, "a.wav")).toThrow(DataError);
    expect(() => readWav(bytes, "a.wav")).toThrow(message);
  });
});

test("of an hour no more is read than is wanted", () => {
  const hour = wavBytes(new Float32Array(3_600_000).fill(0.5), { rate: 1000, bits: 8 });
  expect(readWav(hour, "a.wav", 10).samples).toHaveLength(10_001);
  expect(readWav(wavBytes(tone(800, 440), {}), "a.wav", 10).samples).toHaveLength(800);
});

test("a file that announces parts without end is refused at once", () => {
  const empty = new Uint8Array(8_000_000);
  const bytes = wavBytes(tone(800, 440), { before: empty });
  const before = performance.now();
  expect(() => readWav(bytes, "a.wav")).toThrow("a.wav holds no samples");
  expect(performance.now() - before).toBeLessThan(300);
});
