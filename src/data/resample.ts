/**
 * Another number of samples a second: a sinc low-pass filter under a squared cosine, six zero crossings to either side, that cuts at
 * 0.99 of the lower of both rates' half. What torchaudio's `resample` computes with its defaults.
 */

/** Zero crossings of the filter to either side. */
const CROSSINGS = 6;
/** The filter cuts a little below half the lower rate. */
const ROLLOFF = 0.99;

/** The samples at `to` a second instead of `from`, both whole numbers; ceil(n to / from) of them. */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const common = divisor(from, to);
  const [orig, fresh] = [from / common, to / common];
  const kernels = Array.from({ length: fresh }, (_, phase) => kernel(phase / fresh, orig, ROLLOFF * Math.min(orig, fresh)));
  const out = new Float32Array(Math.ceil((samples.length * fresh) / orig));
  for (let m = 0; m < out.length; m++) {
    const { offset, taps } = kernels[m % fresh];
    const first = Math.floor(m / fresh) * orig + offset;
    let sum = 0;
    for (let k = Math.max(0, -first); k < taps.length && first + k < samples.length; k++) sum += taps[k] * samples[first + k];
    out[m] = sum;
  }
  return out;
}

/**
 * Weights of the samples within the filter's reach, the first of them `offset` from the one at a whole turn of `orig` samples, for an
 * output `phase` of a turn after it. No others are held: rates without a common divisor have 16,000 phases and turns as long.
 */
function kernel(phase: number, orig: number, cut: number): { offset: number; taps: Float64Array } {
  const reach = (CROSSINGS * orig) / cut;
  const offset = Math.ceil(phase * orig - reach);
  const taps = Float64Array.from({ length: Math.floor(phase * orig + reach) - offset + 1 }, (_, k) => {
    const t = ((offset + k) / orig - phase) * cut;
    const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
    return sinc * Math.cos((Math.PI * t) / CROSSINGS / 2) ** 2 * (cut / orig);
  });
  return { offset, taps };
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
