/** Generated sounds, their pictures, and how sounds travel. */
import { describe, expect, test } from "vitest";
import { fbank } from "./fbank";
import { packedSounds, spectrogram, toFloat, unpackedSounds } from "./sounds";
import { generatedSounds, SOUND_CLASSES, sound } from "./sounds.generated";

const set = generatedSounds({ side: 32, train: 24, test: 12, seed: 1 });

describe("generated sounds", () => {
  test("are functions of seed, split and index; classes take turns", () => {
    expect(sound(1, "train", 5)).toEqual(sound(1, "train", 5));
    const waves = [sound(1, "train", 5), sound(2, "train", 5), sound(1, "test", 5)].map(({ wave }) => wave.join());
    expect(new Set(waves).size).toBe(3);
    expect(Array.from({ length: 12 }, (_, i) => set.classes[set.test.label(i)])).toEqual(SOUND_CLASSES);
  });

  test("last a second, are never silent, and hardly clip", () => {
    for (let i = 0; i < 24; i++) {
      const wave = set.train.wave(i);
      expect(wave).toHaveLength(16_000);
      expect(wave.filter((v) => Math.abs(v) > 30_000).length).toBeLessThan(160);
      expect(Math.max(...wave)).toBeGreaterThan(300);
    }
  });

  test("say where their event is: a small part of the spectrogram, with most of the event's power", () => {
    for (let i = 0; i < 12; i++) {
      const inside = set.test.object!(i, 32, 96);
      const power = spectrogram(sound(1, "test", i).event, 32, 96).map(Math.exp);
      const sum = (values: Float32Array) => values.reduce((a, b) => a + b, 0);
      expect(sum(power.filter((_, at) => inside[at] === 1)) / sum(power)).toBeGreaterThan(0.5);
      const share = inside.reduce((a, b) => a + b, 0) / inside.length;
      expect(share).toBeGreaterThan(0.01);
      expect(share).toBeLessThan(0.6);
    }
  });

  test("are told by no class's loudness: means of classes differ less than sounds of a class do", () => {
    const many = generatedSounds({ side: 32, train: 240, test: 12, seed: 1 }).train;
    const levels = Array.from({ length: 240 }, (_, i) => 10 * Math.log10(toFloat(many.wave(i)).reduce((sum, v) => sum + v * v, 0)));
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const spread = (values: number[]) => Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)));
    const byClass = SOUND_CLASSES.map((_, c) => levels.filter((_, i) => i % 12 === c));
    expect(spread(byClass.map(mean))).toBeLessThan(0.7 * mean(byClass.map(spread)));
  });
});

test("a spectrogram has the highest band first, is cut to its frames, and padded with zeros", () => {
  const wave = set.test.wave(1).subarray(0, 2000);
  const rows = fbank(toFloat(wave), 4);
  const picture = spectrogram(wave, 4, 16);
  for (let band = 0; band < 4; band++)
    for (let frame = 0; frame < 16; frame++)
      expect(picture[(3 - band) * 16 + frame]).toBe(frame < rows.length / 4 ? rows[frame * 4 + band] : 0);
  expect([...spectrogram(wave, 4, 2).subarray(0, 2)]).toEqual([...picture.subarray(0, 2)]);
});

test("sounds come through packing as they were", () => {
  const { train, ...rest } = unpackedSounds(packedSounds(set));
  expect(rest).toMatchObject({ id: set.id, classes: set.classes, moments: set.moments });
  for (let i = 0; i < 24; i++) expect([train.label(i), train.wave(i).join()]).toEqual([set.train.label(i), set.train.wave(i).join()]);
});
