/** WAV files: PCM of 8, 16, 24 and 32 bits and floats of 32 and 64, of any number of channels and any rate. */
import { DataError } from "./dataset";

/** A sound as its file has it, its channels mixed to one. */
export interface Recording {
  /** Samples a second. */
  rate: number;
  /** How many channels the file has. */
  channels: number;
  /** The mean of the channels, -1..1. */
  samples: Float32Array;
}

/** Bytes of a sound that is no WAV file to its samples; rejects what cannot be decoded. */
export type DecodeSound = (bytes: Uint8Array) => Promise<Recording>;

const PCM = 1;
const FLOAT = 3;
/** A format that is told by the first two bytes of an identifier further on. */
const EXTENSIBLE = 0xfffe;

/** What other numbers of formats mean, for messages. */
const COMPRESSED: Record<number, string> = { 2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 85: "MP3" };

/** Rates beyond these are hardly meant. */
const RATES = { least: 1000, most: 768_000 };

const SAVE_AGAIN = "Save it again as WAV with 16 bits.";

interface Format {
  kind: number;
  channels: number;
  rate: number;
  bits: number;
}

export const isWav = (bytes: Uint8Array): boolean => wordAt(bytes, 0) === "RIFF" && wordAt(bytes, 8) === "WAVE";

/** A file says little before its samples; one that says this much would never come to them. */
const MOST_CHUNKS = 10_000;

/** Reads a file, of its samples those of the first `seconds` and one more; `path` names it in messages. Throws a DataError for what is no such file, is cut off or holds no sample. */
export function readWav(bytes: Uint8Array, path: string, seconds = Number.POSITIVE_INFINITY): Recording {
  const refuse = (what: string): never => {
    throw new DataError(`${path} ${what}.`, SAVE_AGAIN);
  };
  if (!isWav(bytes)) refuse("is not a WAV file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Format | undefined;
  for (const { name, at, size } of chunks(view, bytes)) {
    if (name === "fmt " && size >= 16 && at + size <= bytes.length) format = formatAt(view, at, size);
    if (name !== "data") continue;
    if (!format) return refuse("does not say how its samples are written");
    const wrong = misfit(format);
    if (wrong) refuse(wrong);
    // Programs that write while they record leave the size open.
    const open = size === 0 || size > 0x7fff_0000;
    if (!open && at + size > bytes.length) refuse(`is cut off: it has ${bytes.length - at} of ${size} bytes of samples`);
    const most = (seconds * format.rate + 1) * format.channels * (format.bits / 8);
    return mixed(view, format, at, Math.min(most, open ? bytes.length - at : size), refuse);
  }
  return refuse("holds no samples");
}

function* chunks(view: DataView, bytes: Uint8Array): Generator<{ name: string; at: number; size: number }> {
  for (let at = 12, i = 0; at + 8 <= bytes.length && i < MOST_CHUNKS; i++) {
    const size = view.getUint32(at + 4, true);
    yield { name: wordAt(bytes, at), at: at + 8, size };
    at += 8 + size + (size % 2);
  }
}

function formatAt(view: DataView, at: number, size: number): Format {
  const kind = view.getUint16(at, true);
  return {
    kind: kind === EXTENSIBLE && size >= 26 ? view.getUint16(at + 24, true) : kind,
    channels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
}

function misfit({ kind, channels, rate, bits }: Format): string | undefined {
  if (kind !== PCM && kind !== FLOAT) return `is compressed (${COMPRESSED[kind] ?? `format ${kind}`})`;
  const known = kind === PCM ? [8, 16, 24, 32] : [32, 64];
  if (!known.includes(bits)) return `has ${bits} bits a sample, which is not read here`;
  if (channels < 1) return "has no channel";
  if (rate < RATES.least || rate > RATES.most) return `claims ${rate} samples a second`;
}

function mixed(
  view: DataView,
  { kind, channels, rate, bits }: Format,
  at: number,
  size: number,
  refuse: (what: string) => never,
): Recording {
  const width = bits / 8;
  const count = Math.floor(size / width / channels);
  if (count === 0) refuse("holds no samples");
  const read = reader(view, kind, bits);
  const samples = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += read(at + (i * channels + c) * width);
    samples[i] = sum / channels;
  }
  if (!samples.every(Number.isFinite)) refuse("holds samples that are not numbers");
  return { rate, channels, samples };
}

/** What reads the sample at an offset as -1..1. */
function reader(view: DataView, kind: number, bits: number): (at: number) => number {
  if (kind === FLOAT) return bits === 32 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true);
  if (bits === 8) return (at) => (view.getUint8(at) - 128) / 128;
  if (bits === 16) return (at) => view.getInt16(at, true) / 2 ** 15;
  if (bits === 24) return (at) => (view.getInt16(at + 1, true) * 256 + view.getUint8(at)) / 2 ** 23;
  return (at) => view.getInt32(at, true) / 2 ** 31;
}

const wordAt = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
