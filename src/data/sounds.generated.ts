/**
 * Sounds: generated recordings of a second, each of one event among noise and fragments of others, the default data of audio.
 *
 * The twelve classes are patterns in time and frequency: how a pitch moves, how loudness comes and goes, how wide a band is filled.
 * Pitch, place in time, length, loudness, noise and fragments are drawn alike for all classes, so none of them tells the class. A sound
 * is a pure function of (seed, split, index), and where in the spectrogram its event is comes free.
 */
import type { Moments } from "./dataset";
import { Draw } from "./draw";
import { RATE } from "./fbank";
import { type GeneratedOptions, SOUNDS } from "./generated.id";
import { lazily } from "./lazily";
import { type SoundSet, type SoundSplit, spectrogram, toInt16 } from "./sounds";

/** An event's pitch and loudness over its time u in 0..1, or how wide a band of noise it is. */
interface Pattern {
  /** Octaves above the pitch that was drawn. */
  pitch?(u: number): number;
  /** 0..1. */
  loudness?(u: number): number;
  /** Tones that sound together, as multiples of the pitch. */
  tones?: readonly number[];
  /** Noise around the pitch instead of a tone: how fast its resonance dies away. */
  noise?: "band" | "wide";
}

/** A class by name, and how one event of it is drawn. */
interface Kind {
  name: string;
  draw(draw: Draw): Pattern;
}

const bow = (u: number) => 1 - Math.abs(2 * u - 1);
const turns = (n: number, u: number) => Math.sin(2 * Math.PI * n * u);

const KINDS: readonly Kind[] = [
  { name: "tone", draw: () => ({}) },
  { name: "rise", draw: ({ range }) => glide(range(1, 1.6), (u) => u - 0.5) },
  { name: "fall", draw: ({ range }) => glide(range(1, 1.6), (u) => 0.5 - u) },
  { name: "arch", draw: ({ range }) => glide(range(1, 1.6), (u) => bow(u) - 0.5) },
  { name: "dip", draw: ({ range }) => glide(range(1, 1.6), (u) => 0.5 - bow(u)) },
  { name: "siren", draw: ({ range }) => siren(range(0.4, 0.6), range(2.5, 4)) },
  { name: "warble", draw: ({ range }) => warble(range(0.3, 0.5), range(2.5, 4)) },
  { name: "tremolo", draw: ({ range }) => pulses(range(7, 10)) },
  { name: "beeps", draw: ({ range }) => pulses(range(2.2, 3.2)) },
  { name: "chord", draw: () => ({ tones: [0.6, 1, 1.6] }) },
  { name: "hiss", draw: () => ({ noise: "band" }) },
  { name: "crackle", draw: ({ range }) => ({ noise: "wide", ...pulses(range(5, 8), 0.3) }) },
];

function glide(octaves: number, shape: (u: number) => number): Pattern {
  return { pitch: (u) => octaves * shape(u) };
}

function siren(octaves: number, n: number): Pattern {
  return { pitch: (u) => octaves * turns(n, u) };
}

function warble(octaves: number, n: number): Pattern {
  return { pitch: (u) => octaves * Math.sign(turns(n, u)) };
}

/** On for a share of each of n periods. */
function pulses(n: number, share = 0.5): Pattern {
  return { loudness: (u) => Number((n * u) % 1 < share) };
}

/** By label. */
export const SOUND_CLASSES = KINDS.map(({ name }) => name);

/** Which sounds of the generator these are. */
const SERIES = { train: 8, test: 9 };
/** Of the first training sounds of seed 1, at 32 bands; other numbers of bands differ little. */
const MOMENTS: Moments = { mean: [-2.7], std: [6.2] };
const SAMPLES = RATE;
/** Hertz between which pitches are drawn. */
const PITCH = [800, 2000] as const;
/** Seconds that an event lasts, and a fragment. */
const EVENT = [0.7, 0.85] as const;
const FRAGMENT = [0.06, 0.12] as const;
/** Fades, in seconds. */
const FADE = 0.008;

/** A data set of sounds 0 to train - 1 of the one split and 0 to test - 1 of the other, made when asked for. */
export function generatedSounds(options: GeneratedOptions): SoundSet {
  const { side, train, test, seed } = options;
  return {
    ...{ id: SOUNDS.idOf(options), name: "Sounds", side, channels: 1, classes: SOUND_CLASSES, moments: MOMENTS },
    ...{ train: split(seed, "train", train), test: split(seed, "test", test) },
  };
}

function split(seed: number, name: "train" | "test", count: number): Required<SoundSplit> {
  const at = lazily((index) => sound(seed, name, index), 6 * SAMPLES);
  return { count, label: labelOf, wave: (i) => at(i).wave, object: (i, bands, frames) => objectIn(at(i), bands, frames) };
}

/** Classes take turns: every split is balanced, and so is every subset of neighbours. */
const labelOf = (index: number) => index % KINDS.length;

/** A sound, and its event alone. */
export interface Sound {
  wave: Int16Array;
  event: Int16Array;
}

/** One sound. Indices 0 to 11 are each class once, 12 to 23 again, and so on. */
export function sound(seed: number, part: "train" | "test", index: number): Sound {
  const draw = Draw.picture(seed, SERIES[part], index);
  const gain = 0.1 * 10 ** (draw.range(-12, 6) / 20);
  const event = new Float32Array(SAMPLES);
  place(event, draw, KINDS[labelOf(index)].draw(draw), EVENT, gain);
  const all = event.slice();
  addNoise(all, draw, gain * 10 ** (draw.range(-22, -10) / 20));
  for (let n = 1 + draw.below(3); n > 0; n--)
    place(all, draw, KINDS[draw.below(KINDS.length)].draw(draw), FRAGMENT, gain * draw.range(0.5, 1));
  return { wave: toInt16(all), event: toInt16(event) };
}

/** 1 in each cell [bands, frames] of the spectrogram where the event is louder than everything else. */
function objectIn({ wave, event }: Sound, bands: number, frames: number): Uint8Array {
  const rest = spectrogram(
    wave.map((v, i) => v - event[i]),
    bands,
    frames,
  );
  return Uint8Array.from(spectrogram(event, bands, frames), (v, i) => Number(v > rest[i]));
}

/** Adds a pattern at a time and pitch drawn anew, as loud as `level` in the mean over what it fills. */
function place(into: Float32Array, draw: Draw, pattern: Pattern, seconds: readonly [number, number], level: number): void {
  const count = Math.round(RATE * draw.range(...seconds));
  const start = draw.below(SAMPLES - count);
  const hertz = PITCH[0] * (PITCH[1] / PITCH[0]) ** draw.unit();
  const carrier = pattern.noise ? hissing(draw, count, hertz, pattern.noise) : sounding(draw, count, hertz, pattern);
  const { loudness = () => 1 } = pattern;
  const gate = gated(count, loudness);
  let [power, filled] = [0, 0];
  for (let i = 0; i < count; i++) {
    power += (carrier[i] * gate[i]) ** 2;
    filled += gate[i] ** 2;
  }
  const scale = level / Math.sqrt(Math.max(1e-12, power / Math.max(1, filled)));
  for (let i = 0; i < count; i++) into[start + i] += scale * carrier[i] * gate[i];
}

/** Loudness over time, with fades instead of clicks: each sample moves towards what is wanted by no more than a fade allows. */
function gated(count: number, loudness: (u: number) => number): Float32Array {
  const gate = new Float32Array(count);
  const most = 1 / (FADE * RATE);
  let value = 0;
  for (let i = 0; i < count; i++) {
    const wanted = Math.min(loudness(i / count), (count - i) * most);
    value += Math.min(most, Math.max(-most, wanted - value));
    gate[i] = value;
  }
  return gate;
}

/** Tones whose pitch moves. */
function sounding(draw: Draw, count: number, hertz: number, { pitch = () => 0, tones = [1] }: Pattern): Float32Array {
  const out = new Float32Array(count);
  for (const multiple of tones) {
    const each = (2 * Math.PI * hertz * multiple) / RATE;
    let phase = draw.range(0, 2 * Math.PI);
    for (let i = 0; i < count; i++) {
      phase += each * 2 ** pitch(i / count);
      out[i] += Math.sin(phase);
    }
  }
  return out;
}

/** Noise through a resonance at `hertz`, an octave wide or so; a wide one is hardly filtered. */
function hissing(draw: Draw, count: number, hertz: number, kind: "band" | "wide"): Float32Array {
  const radius = kind === "band" ? Math.exp((-Math.PI * 0.4 * hertz) / RATE) : 0.3;
  const [a, b] = [2 * radius * Math.cos((2 * Math.PI * hertz) / RATE), -radius * radius];
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) out[i] = draw.triangle() + (i > 0 ? a * out[i - 1] : 0) + (i > 1 ? b * out[i - 2] : 0);
  return out;
}

/** Noise of one colour between white and brown behind everything. */
function addNoise(into: Float32Array, draw: Draw, level: number): void {
  const memory = draw.range(0, 0.9);
  const scale = level * Math.sqrt(6 * (1 - memory ** 2));
  let value = 0;
  for (let i = 0; i < into.length; i++) {
    value = memory * value + draw.triangle();
    into[i] += scale * value;
  }
}
