/**
 * PNG files to their exact samples: palette indices and 16-bit numbers, which browsers' own decoders turn into colours of 8 bits.
 * Every colour type, bit depth and filter, interlaced or not; what a mask has no use for (gamma, text) is skipped.
 *
 * Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)".
 */
import { unzlibSync } from "fflate";
import { DataError } from "./dataset";
import { MAX_RATIO } from "./gzip";
import { MAX_PIXELS } from "./pictures";

/** Numbers of the standard. */
export const GREY = 0;
export const RGB = 2;
export const PALETTE = 3;
const CHANNELS: Record<number, number> = { [GREY]: 1, [RGB]: 3, [PALETTE]: 1, 4: 2, 6: 4 };
const DEPTHS: Record<number, number[]> = { [GREY]: [1, 2, 4, 8, 16], [RGB]: [8, 16], [PALETTE]: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };

export interface Png {
  width: number;
  height: number;
  /** Bits of a sample: 1, 2, 4, 8 or 16. */
  depth: number;
  /** `GREY`, `RGB`, `PALETTE`, 4 (grey and alpha) or 6 (RGB and alpha). */
  colour: number;
  channels: number;
  /** As they are stored, [height, width, channels]: palette indices, not colours, and numbers of `depth` bits. */
  samples: Uint8Array | Uint16Array;
  /** Red, green and blue of each index. */
  palette?: Uint8Array;
}

type Header = Pick<Png, "width" | "height" | "depth" | "colour" | "channels"> & { interlaced: boolean };

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Every how many pixels an image's passes take, and from which on: one pass of all, or Adam7's seven. */
const WHOLE = [{ x: 0, y: 0, dx: 1, dy: 1 }];
const ADAM7 = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** Reads a PNG. Throws a DataError that names the file for anything else, and for a damaged one. */
export function readPng(bytes: Uint8Array, name: string): Png {
  if (!isPng(bytes)) throw new DataError(`${name} is no PNG.`, "Save it again as PNG: other formats blur the numbers of classes.");
  const chunks = chunksOf(bytes, name);
  const header = headerOf(chunks.get("IHDR")?.[0], name);
  const passes = (header.interlaced ? ADAM7 : WHOLE).map((pass) => ({ ...pass, ...sizeOf(header, pass) })).filter(({ bytes }) => bytes > 0);
  const data = inflated(
    chunks.get("IDAT") ?? [],
    passes.reduce((sum, pass) => sum + pass.bytes, 0),
    name,
  );
  const { width, height, depth, colour, channels } = header;
  const samples = new (depth > 8 ? Uint16Array : Uint8Array)(width * height * channels);
  let from = 0;
  for (const pass of passes) {
    unfilter(data.subarray(from, from + pass.bytes), pass.rowBytes, Math.max(1, (channels * depth) / 8), name);
    spread(data.subarray(from, from + pass.bytes), pass, header, samples);
    from += pass.bytes;
  }
  const palette = chunks.get("PLTE")?.[0];
  return { width, height, depth, colour, channels, samples, ...(palette && { palette }) };
}

function damaged(name: string, what: string): DataError {
  return new DataError(`${name} is a damaged PNG: ${what}.`, "Save it again, or remove it.");
}

/** The contents of all chunks, by their type. */
function chunksOf(bytes: Uint8Array, name: string): Map<string, Uint8Array[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = new Map<string, Uint8Array[]>();
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IEND") return chunks;
    if (at + 12 + length > bytes.length) break;
    if (!chunks.has(type)) chunks.set(type, []);
    chunks.get(type)!.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  throw damaged(name, "it ends early");
}

function headerOf(chunk: Uint8Array | undefined, name: string): Header {
  if (chunk?.length !== 13) throw damaged(name, "it has no header");
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const [width, height, depth, colour] = [view.getUint32(0), view.getUint32(4), chunk[8], chunk[9]];
  if (width === 0 || height === 0) throw damaged(name, `it has ${width} x ${height} pixels`);
  if (!DEPTHS[colour]?.includes(depth)) throw damaged(name, `there is no colour type ${colour} of ${depth} bits`);
  if (chunk[12] > 1) throw damaged(name, `there is no interlacing ${chunk[12]}`);
  if (width * height > MAX_PIXELS) {
    throw new DataError(`${name} has ${width} x ${height} pixels; 100 megapixels are the limit.`, "Save it smaller, or remove it.");
  }
  return { width, height, depth, colour, channels: CHANNELS[colour], interlaced: chunk[12] === 1 };
}

type Pass = (typeof ADAM7)[number];

/** Pixels of a pass, and its bytes: a row has one byte more than its samples, the number of its filter. */
function sizeOf({ width, height, depth, channels }: Header, { x, y, dx, dy }: Pass) {
  const [columns, rows] = [Math.max(0, Math.ceil((width - x) / dx)), Math.max(0, Math.ceil((height - y) / dy))];
  const rowBytes = 1 + Math.ceil((columns * channels * depth) / 8);
  return { columns, rows, rowBytes, bytes: columns > 0 ? rows * rowBytes : 0 };
}

const FEWER = "it has fewer pixels than its header says";

/** Never more than the header announces, whatever the file holds. */
function inflated(parts: Uint8Array[], size: number, name: string): Uint8Array {
  const packed = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  if (size > MAX_RATIO * packed.length) throw damaged(name, FEWER);
  let at = 0;
  for (const part of parts) {
    packed.set(part, at);
    at += part.length;
  }
  const data = unzipped(packed, size, name);
  if (data.length < size) throw damaged(name, FEWER);
  return data;
}

function unzipped(packed: Uint8Array, size: number, name: string): Uint8Array {
  try {
    return unzlibSync(packed, { out: new Uint8Array(size) });
  } catch {
    throw damaged(name, "its pixels cannot be unpacked");
  }
}

/** Undoes the filters of a pass's rows, in place; `back` is how many bytes before a byte the same one of its left pixel lies. */
function unfilter(data: Uint8Array, rowBytes: number, back: number, name: string): void {
  for (let start = 0; start < data.length; start += rowBytes) {
    const filter = data[start];
    if (filter > 4) throw damaged(name, `there is no filter ${filter}`);
    for (let i = 1; i < rowBytes; i++) {
      const at = start + i;
      const left = i > back ? data[at - back] : 0;
      const above = start > 0 ? data[at - rowBytes] : 0;
      const corner = i > back && start > 0 ? data[at - rowBytes - back] : 0;
      data[at] += predicted(filter, left, above, corner);
    }
  }
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  return paeth(left, above, corner);
}

/** Whichever of the three is nearest to left + above - corner, the first of equals. */
function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}

/** Puts the samples of a pass where they belong. */
function spread(data: Uint8Array, pass: Pass & ReturnType<typeof sizeOf>, header: Header, samples: Png["samples"]): void {
  const { depth, channels, width } = header;
  for (let row = 0; row < pass.rows; row++) {
    const start = row * pass.rowBytes + 1;
    const line = (pass.y + row * pass.dy) * width;
    for (let k = 0; k < pass.columns * channels; k++) {
      const pixel = line + pass.x + Math.floor(k / channels) * pass.dx;
      samples[pixel * channels + (k % channels)] = sample(data, start, k, depth);
    }
  }
}

/** Sample k of a row; several in a byte start at its high bits, two bytes begin with the high one. */
function sample(data: Uint8Array, start: number, k: number, depth: number): number {
  if (depth === 8) return data[start + k];
  if (depth === 16) return 256 * data[start + 2 * k] + data[start + 2 * k + 1];
  const bit = k * depth;
  return (data[start + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}
