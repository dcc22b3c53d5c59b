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
  const cut = ROLLOFF * Math.min(orig, fresh);
  const reach = Math.ceil((CROSSINGS * orig) / cut);
  const kernels = Array.from({ length: fresh }, (_, phase) => kernel(phase / fresh, orig, cut, reach));
  const out = new Float32Array(Math.ceil((samples.length * fresh) / orig));
  for (let m = 0; m < out.length; m++) {
    const first = Math.floor(m / fresh) * orig - reach;
    const taps = kernels[m % fresh];
    let sum = 0;
    for (let k = Math.max(0, -first); k < taps.length && first + k < samples.length; k++) sum += taps[k] * samples[first + k];
    out[m] = sum;
  }
  return out;
}

/** Weights of the samples from `reach` before the one at a whole turn of `orig` samples, for an output `phase` of a turn after it. */
function kernel(phase: number, orig: number, cut: number, reach: number): Float64Array {
  return Float64Array.from({ length: 2 * reach + orig }, (_, k) => {
    const t = Math.min(CROSSINGS, Math.max(-CROSSINGS, ((k - reach) / orig - phase) * cut));
    const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
    return sinc * Math.cos((Math.PI * t) / CROSSINGS / 2) ** 2 * (cut / orig);
  });
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
