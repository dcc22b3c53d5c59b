/**
 * Log-mel filterbanks as Kaldi computes them, with the options of AST (Gong, Chung, Glass 2021, dataloader.py): the wave minus its
 * mean, frames of 25 ms every 10 ms, each minus its mean, pre-emphasis 0.97, Hann window, no dither, power spectrum of 512 points,
 * triangles on the mel scale from 20 Hz to half the rate, natural logarithm.
 */

/** Samples a second of everything that is computed here. */
export const RATE = 16_000;
/** Samples of a frame, and from one frame to the next. */
const FRAME = 400;
const HOP = 160;
const POINTS = 512;
const PREEMPHASIS = 0.97;
const LOWEST = 20;
/** What the power of a band is at least, before its logarithm: the precision of single floats. */
const FLOOR = 2 ** -23;

/** Frames that fit into so many samples. */
export const framesIn = (samples: number): number => (samples < FRAME ? 0 : 1 + Math.floor((samples - FRAME) / HOP));

/** Samples that so many frames take. */
export const samplesIn = (frames: number): number => FRAME + (frames - 1) * HOP;

/** Fewest samples of a sound: one frame. */
export const LEAST_SAMPLES = FRAME;

/** Periodic nowhere: Kaldi's window is 0 at both ends. */
const WINDOW = Float64Array.from({ length: FRAME }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (FRAME - 1)));

/**
 * The logarithms [frames, bands] of the power of a wave at 16 kHz in `bands` bands, of its first `most` frames at most. The wave's mean
 * is that of all of it.
 */
export function fbank(wave: ArrayLike<number>, bands: number, most = Number.POSITIVE_INFINITY): Float32Array {
  const frames = Math.min(most, framesIn(wave.length));
  const filters = filtersOf(bands);
  const mean = meanOf(wave, 0, wave.length);
  const out = new Float32Array(frames * bands);
  const frame = new Float64Array(FRAME);
  for (let f = 0; f < frames; f++) {
    for (let i = 0; i < FRAME; i++) frame[i] = wave[f * HOP + i] - mean;
    powers(prepared(frame));
    for (let band = 0; band < bands; band++) out[f * bands + band] = Math.log(Math.max(FLOOR, heard(filters[band])));
  }
  return out;
}

/** Power that a filter lets through. */
function heard({ first, weights }: Filter): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * power[first + i];
  return sum;
}

/** A frame without its mean, pre-emphasised and windowed, in place. */
function prepared(frame: Float64Array): Float64Array {
  const mean = meanOf(frame, 0, FRAME);
  for (let i = 0; i < FRAME; i++) frame[i] -= mean;
  for (let i = FRAME - 1; i >= 0; i--) frame[i] = (frame[i] - PREEMPHASIS * frame[Math.max(0, i - 1)]) * WINDOW[i];
  return frame;
}

function meanOf(values: ArrayLike<number>, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i];
  return sum / Math.max(1, to - from);
}

/** Where the transform works. Loops here are plain and nothing is made in them: every training sound passes through. */
const re = new Float64Array(POINTS);
const im = new Float64Array(POINTS);
const power = new Float64Array(POINTS / 2);

/** The squared absolute values of the Fourier transform of a frame with zeros behind it, points 0 to 255, in `power`; the last, 256, no filter reads. */
function powers(frame: Float64Array): void {
  re.fill(0);
  im.fill(0);
  for (let i = 0; i < FRAME; i++) re[REVERSED[i]] = frame[i];
  for (let half = 1; half < POINTS; half *= 2) pass(half, POINTS / 2 / half);
  for (let i = 0; i < POINTS / 2; i++) power[i] = re[i] * re[i] + im[i] * im[i];
}

/** Joins transforms of `half` points to twice as long ones. */
function pass(half: number, turn: number): void {
  for (let start = 0; start < POINTS; start += 2 * half)
    for (let k = 0; k < half; k++) {
      const a = start + k;
      const b = a + half;
      const c = COS[k * turn];
      const s = SIN[k * turn];
      const x = re[b] * c + im[b] * s;
      const y = im[b] * c - re[b] * s;
      re[b] = re[a] - x;
      im[b] = im[a] - y;
      re[a] += x;
      im[a] += y;
    }
}

const BITS = Math.log2(POINTS);
const REVERSED = Uint16Array.from({ length: POINTS }, (_, i) => {
  let reversed = 0;
  for (let bit = 0; bit < BITS; bit++) reversed |= ((i >> bit) & 1) << (BITS - 1 - bit);
  return reversed;
});
const COS = Float64Array.from({ length: POINTS / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / POINTS));
const SIN = Float64Array.from({ length: POINTS / 2 }, (_, i) => Math.sin((2 * Math.PI * i) / POINTS));

/** Weights of the points from `first` on. */
interface Filter {
  first: number;
  weights: Float64Array;
}

const known = new Map<number, Filter[]>();

/** Triangles whose corners lie evenly on the mel scale; each reaches from the middle of the one before to that of the next. */
function filtersOf(bands: number): Filter[] {
  const found = known.get(bands);
  if (found) return found;
  const [low, high] = [mel(LOWEST), mel(RATE / 2)];
  const step = (high - low) / (bands + 1);
  const made = Array.from({ length: bands }, (_, band): Filter => {
    const [left, centre, right] = [0, 1, 2].map((corner) => low + (band + corner) * step);
    const all = Float64Array.from({ length: POINTS / 2 }, (_, i) => {
      const at = mel((i * RATE) / POINTS);
      return Math.max(0, Math.min((at - left) / (centre - left), (right - at) / (right - centre)));
    });
    const first = Math.max(
      0,
      all.findIndex((v) => v > 0),
    );
    return { first, weights: all.slice(first, all.findLastIndex((v) => v > 0) + 1) };
  });
  known.set(bands, made);
  return made;
}

const mel = (hertz: number) => 1127 * Math.log(1 + hertz / 700);
