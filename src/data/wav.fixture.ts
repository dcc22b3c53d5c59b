/** WAV files made up for tests. */

export interface WavOptions {
  rate?: number;
  /** Channels, whose samples take turns. */
  channels?: number;
  /** 1 PCM, 3 floats. */
  kind?: number;
  bits?: number;
  /** The long form of the header, which names the kind further on. */
  extensible?: boolean;
  /** What the header says of the size of the samples; the truth by default. */
  claimed?: number;
  /** Another chunk before the samples. */
  before?: Uint8Array;
}

/** A file of these samples, -1..1, as PCM of 16 bits unless told otherwise. */
export function wavBytes(samples: ArrayLike<number>, o: WavOptions = {}): Uint8Array {
  const { rate = 16_000, channels = 1, kind = 1, bits = 16, extensible = false, before = new Uint8Array() } = o;
  const data = coded(samples, kind, bits);
  const size = extensible ? 40 : 16;
  const out = new Uint8Array(12 + 8 + size + before.length + 8 + data.length);
  const view = new DataView(out.buffer);
  const word = (text: string, at: number) => out.set(new TextEncoder().encode(text), at);
  word("RIFF", 0);
  view.setUint32(4, out.length - 8, true);
  word("WAVEfmt ", 8);
  view.setUint32(16, size, true);
  view.setUint16(20, extensible ? 0xfffe : kind, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, (rate * channels * bits) / 8, true);
  view.setUint16(32, (channels * bits) / 8, true);
  view.setUint16(34, bits, true);
  if (extensible) view.setUint16(44, kind, true);
  out.set(before, 20 + size);
  const at = 20 + size + before.length;
  word("data", at);
  view.setUint32(at + 4, o.claimed ?? data.length, true);
  out.set(data, at + 8);
  return out;
}

function coded(samples: ArrayLike<number>, kind: number, bits: number): Uint8Array {
  const width = bits / 8;
  const view = new DataView(new ArrayBuffer(samples.length * width));
  for (let i = 0; i < samples.length; i++) {
    const at = i * width;
    const whole = (full: number) => Math.max(-full, Math.min(full - 1, Math.round(samples[i] * full)));
    if (kind === 3) view[bits === 32 ? "setFloat32" : "setFloat64"](at, samples[i], true);
    else if (bits === 8) view.setUint8(at, 128 + whole(128));
    else if (bits === 16) view.setInt16(at, whole(2 ** 15), true);
    else if (bits === 24) {
      view.setUint16(at, whole(2 ** 23) & 0xffff, true);
      view.setInt8(at + 2, whole(2 ** 23) >> 16);
    } else view.setInt32(at, whole(2 ** 31), true);
  }
  return new Uint8Array(view.buffer);
}

/** So many samples of a tone. */
export const tone = (count: number, hertz = 440, rate = 16_000): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate));
