/**
 * Random numbers as a pure function of (seed, stream, step, index): Philox-4x32-10.
 *
 * Nothing is stored, so a run replays exactly from its seed, any number is available without those before it, and a GPU
 * thread draws its own. `shaders/random.wgsl` computes the same 32-bit words and hence the same uniform floats, bit for
 * bit. The 4x32 variant is chosen over 2x32 because its counter holds index, step, stream and lane in a word each: two
 * different draws can never share a block, and no hashing of the arguments is needed.
 *
 * Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011;
 * constants and known answers from Random123.
 */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** Key increments per round: golden ratio and sqrt(3) - 1, as fractions of 2^32. */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** The last counter word is different for each kind of draw, so a uniform and a normal of equal arguments are independent. */
const UNIFORM_LANE = 0;
const NORMAL_LANE = 1;

/** Upper 32 bits of the 64-bit product of two u32, by 16-bit halves; no partial sum exceeds 2^32 - 1. */
export function mulhi(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** One Philox-4x32-10 block: four u32 from a 128-bit counter (c0 least significant) and a 64-bit key. */
export function philox4x32(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): [number, number, number, number] {
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = mulhi(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = mulhi(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/**
 * Uniform number in [0, 1) with 24 bits: (word >>> 8) * 2^-24, exact in f32 and therefore equal on the GPU.
 * All four arguments are taken modulo 2^32.
 */
export function uniform(seed: number, stream: number, step: number, index: number): number {
  return unit(philox4x32(index, step, stream, UNIFORM_LANE, seed, 0)[0]);
}

/**
 * Standard normal number by Box-Muller. For the CPU only: its log and cos are not bit-equal across machines or on a GPU,
 * so whatever must replay bit-exactly on both uses `uniform`. With 24-bit uniforms |z| stays below 5.8.
 */
export function normal(seed: number, stream: number, step: number, index: number): number {
  const [a, b] = philox4x32(index, step, stream, NORMAL_LANE, seed, 0);
  // 1 - u lies in (0, 1]: the logarithm stays finite.
  return Math.sqrt(-2 * Math.log(1 - unit(a))) * Math.cos(2 * Math.PI * unit(b));
}

function unit(word: number): number {
  return (word >>> 8) * 2 ** -24;
}
