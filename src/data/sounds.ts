/** What every source of sounds delivers: waves at 16 kHz and a class each, no GPU; and the pictures that are made of them. */
import type { Moments } from "./dataset";
import { digest } from "./digest";
import { fbank } from "./fbank";

/** Sounds with a class each. Generated ones are made when they are first asked for. */
export interface SoundSplit {
  readonly count: number;
  /** Samples of sound `index` at 16 kHz, of 16 bits: only to be read. */
  wave(index: number): Int16Array;
  label(index: number): number;
  /** Where its event is, u8 0 or 1 [bands, frames] of its spectrogram: only to be read, and only generated data knows. */
  object?(index: number, bands: number, frames: number): Uint8Array;
}

export interface SoundSet {
  /** Identifies the data: only the same sounds, labels and classes in the same order have the same id. */
  id: string;
  /** Short name for people: "Sounds", "ESC-50 (yours)". */
  name: string;
  /** Mel bands of a spectrogram. */
  side: number;
  channels: 1;
  classes: string[];
  /**
   * What spectrograms are normalised with: their mean, and twice their standard deviation, as AST has it. Of logarithms, not of
   * pixels.
   */
  moments: Moments;
  train: SoundSplit;
  /** Held out; never trained on. */
  test: SoundSplit;
}

/** Of full scale. */
const FULL = 2 ** 15;

/** Samples of 16 bits; what is louder than full scale is clipped. */
export function toInt16(samples: Float32Array): Int16Array {
  const out = new Int16Array(samples.length);
  for (let i = 0; i < out.length; i++) out[i] = Math.min(FULL - 1, Math.max(-FULL, Math.round(FULL * samples[i])));
  return out;
}

/** The samples as numbers from -1 to 1. */
export function toFloat(wave: Int16Array): Float32Array {
  const out = new Float32Array(wave.length);
  for (let i = 0; i < out.length; i++) out[i] = wave[i] / FULL;
  return out;
}

/**
 * A sound as a picture [bands, frames], the highest band first, as spectrograms are drawn (AST's code has it last): log-mel
 * filterbanks of its first `frames` frames, and zeros where it is shorter, as AST pads. Not normalised.
 */
export function spectrogram(wave: Int16Array, bands: number, frames: number): Float32Array {
  const rows = fbank(toFloat(wave), bands, frames);
  const out = new Float32Array(bands * frames);
  for (let i = 0; i < rows.length; i++) out[(bands - 1 - (i % bands)) * frames + Math.floor(i / bands)] = rows[i];
  return out;
}

/** Sounds whose spectrograms tell the moments, at most; spread evenly. */
const MEASURED = 300;

/** Mean and twice the standard deviation of the log-mel filterbanks of a split, without padding. */
export function soundMoments({ count, wave }: SoundSplit, bands: number): Moments {
  const used = Math.min(MEASURED, count);
  const sums = { n: 0, sum: 0, squares: 0 };
  for (let i = 0; i < used; i++) {
    const values = fbank(toFloat(wave(Math.floor((i * count) / used))), bands);
    for (const v of values) {
      sums.n++;
      sums.sum += v;
      sums.squares += v * v;
    }
  }
  const mean = sums.sum / sums.n;
  return { mean: [mean], std: [2 * Math.sqrt(Math.max(1e-6, sums.squares / sums.n - mean ** 2))] };
}

/** Read sounds as they go from thread to thread, and as they are kept. */
export interface PackedSoundSplit {
  count: number;
  /** All samples, one sound after the other. */
  waves: Int16Array;
  /** Where each sound ends in them. */
  ends: Uint32Array;
  labels: Uint16Array;
}

export type PackedSounds = Omit<SoundSet, "train" | "test"> & Record<"train" | "test", PackedSoundSplit>;

export function packedSounds({ train, test, ...rest }: SoundSet): PackedSounds {
  return { ...rest, train: packedSplit(train), test: packedSplit(test) };
}

function packedSplit({ count, wave, label }: SoundSplit): PackedSoundSplit {
  const indices = Array.from({ length: count }, (_, i) => i);
  return packWaves(indices.map(wave), indices.map(label));
}

/** Waves with a label each. */
export function packWaves(waves: Int16Array[], labels: number[]): PackedSoundSplit {
  const ends = new Uint32Array(waves.length);
  for (const [i, { length }] of waves.entries()) ends[i] = length + (i ? ends[i - 1] : 0);
  const all = new Int16Array(ends.at(-1) ?? 0);
  for (const [i, wave] of waves.entries()) all.set(wave, ends[i] - wave.length);
  return { count: waves.length, waves: all, ends, labels: Uint16Array.from(labels) };
}

export function unpackedSounds({ train, test, ...rest }: PackedSounds): SoundSet {
  return { ...rest, train: unpackedSplit(train), test: unpackedSplit(test) };
}

export function unpackedSplit({ count, waves, ends, labels }: PackedSoundSplit): SoundSplit {
  return { count, wave: (i) => waves.subarray(i ? ends[i - 1] : 0, ends[i]), label: (i) => labels[i] };
}

/** An id from the content, for data that is not generated: the files may have been renamed or moved. */
export async function soundsId({ side, classes, train, test }: Pick<PackedSounds, "side" | "classes" | "train" | "test">): Promise<string> {
  const told = new TextEncoder().encode(JSON.stringify([side, classes, train.count, test.count]));
  const parts = [train, test].flatMap(({ waves, ends, labels }) => [waves, ends, labels]);
  return `files-${await digest([told, ...parts])}`;
}
