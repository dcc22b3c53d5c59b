/** What a picture file says before anything is decoded: its size, how it is to be turned, and whether it is whole. */
import { crc32 } from "./crc";

export interface PictureSize {
  width: number;
  height: number;
}

/** The size of a PNG, JPEG, GIF, WebP, BMP or AVIF picture as stored; undefined for anything else, headers cut short included. */
export function pictureSize(bytes: Uint8Array): PictureSize | undefined {
  return read(bytes, (view) => readerOf(bytes)?.read(view));
}

/** How the name of such a picture ends, by its content; undefined for anything else. */
export const pictureEnding = (bytes: Uint8Array): string | undefined => readerOf(bytes)?.ending;

/** What is wrong with a picture file, as the end of a sentence that its name begins; undefined where nothing is seen to be. */
export function faultOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "is empty";
  const size = pictureSize(bytes);
  if (size && !(size.width > 0 && size.height > 0)) return `is damaged: it has ${size.width} x ${size.height} pixels`;
  if (startsWith(bytes, PNG, 0)) return read(bytes, pngFault) ?? undefined;
  if (startsWith(bytes, JPEG, 0) && !endsJpeg(bytes)) return "is damaged: its end is missing";
  return undefined;
}

/**
 * How a JPEG is to be turned to stand upright, by its Exif orientation: 1 for not at all, 3 upside down, 6 a quarter to the
 * right, 8 to the left, 2, 4, 5 and 7 the same and mirrored. Source: Exif 2.3, table 4, tag 0x0112.
 */
export function orientationOf(bytes: Uint8Array): number {
  const found = startsWith(bytes, JPEG, 0) ? read(bytes, exifOrientation) : undefined;
  return found !== undefined && found >= 1 && found <= 8 ? found : 1;
}

/** What is read of the bytes; undefined where they end early, which the view throws a RangeError for. */
function read<T>(bytes: Uint8Array, reader: (view: DataView) => T): T | undefined {
  try {
    return reader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    return undefined;
  }
}

const PNG = "\x89PNG\r\n\x1a\n";
const JPEG = "\xff\xd8";
const ISPE = 0x69737065;
/** Boxes stand before the pixels, within so many bytes. */
const AVIF_HEADER = 65_536;

const READERS: { ending: string; magic: string; offset?: number; read: (view: DataView) => PictureSize | undefined }[] = [
  { ending: "png", magic: PNG, read: (view) => ({ width: view.getUint32(16), height: view.getUint32(20) }) },
  { ending: "gif", magic: "GIF8", read: gif },
  { ending: "bmp", magic: "BM", read: bmp },
  { ending: "webp", magic: "WEBP", offset: 8, read: webp },
  { ending: "jpg", magic: JPEG, read: jpeg },
  { ending: "avif", magic: "ftyp", offset: 4, read: avif },
];

const readerOf = (bytes: Uint8Array) => READERS.find(({ magic, offset = 0 }) => startsWith(bytes, magic, offset));

function startsWith(bytes: Uint8Array, magic: string, offset: number): boolean {
  return [...magic].every((character, i) => bytes[offset + i] === character.charCodeAt(0));
}

/** That of the whole, or of the first frame where it is larger: decoders enlarge the whole to it. Source: GIF89a, sections 18 to 26. */
function gif(view: DataView): PictureSize {
  const size = (at: number) => ({ width: view.getUint16(at, true), height: view.getUint16(at + 2, true) });
  const whole = size(6);
  const frame = firstFrame(view);
  if (frame === undefined) return whole;
  const [{ width: left, height: top }, { width, height }] = [size(frame), size(frame + 4)];
  return { width: Math.max(whole.width, left + width), height: Math.max(whole.height, top + height) };
}

/** Where the first frame says its place and size, behind a table of colours and extensions; undefined where the file ends before. */
function firstFrame(view: DataView): number | undefined {
  const flags = view.byteLength > 10 ? view.getUint8(10) : 0;
  let at = 13 + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  while (at + 2 < view.byteLength && view.getUint8(at) === 0x21) {
    at += 2;
    while (at < view.byteLength && view.getUint8(at) > 0) at += 1 + view.getUint8(at);
    at++;
  }
  return at + 9 <= view.byteLength && view.getUint8(at) === 0x2c ? at + 1 : undefined;
}

/** The oldest kind of header, of 12 bytes, has numbers of 16 bits; a negative height only says that lines go downwards. */
function bmp(view: DataView): PictureSize {
  if (view.getUint32(14, true) === 12) return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

/** The largest size that a box "ispe" states. Source: ISO/IEC 23008-12, 6.5.3. */
function avif(view: DataView): PictureSize | undefined {
  let largest: PictureSize | undefined;
  for (let at = 8; at + 16 <= Math.min(view.byteLength, AVIF_HEADER); at++) {
    if (view.getUint32(at) !== ISPE) continue;
    const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (!largest || width * height > largest.width * largest.height) largest = { width, height };
  }
  return largest;
}

/** Every chunk up to the last one, "IEND", is followed by the check sum of its name and content. */
function pngFault(view: DataView): string | undefined {
  for (let at = 8; at + 12 <= view.byteLength; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > view.byteLength) break;
    const chunk = new Uint8Array(view.buffer, view.byteOffset + at + 4, 4 + length);
    if (crc32(chunk) !== view.getUint32(at + 8 + length)) return "is damaged: a check sum is wrong";
    if (startsWith(chunk, "IEND", 0)) return undefined;
    at += 12 + length;
  }
  return "is damaged: its end is missing";
}

/** A segment of a JPEG: its marker, and where its content begins. */
type Segment = [marker: number, at: number];

/** The segments up to the pixels (marker 0xda). */
function* segments(view: DataView): Generator<Segment> {
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    while (view.getUint8(at) === 0xff && view.getUint8(at + 1) === 0xff) at++;
    if (view.getUint8(at) !== 0xff) return;
    yield [view.getUint8(at + 1), at + 4];
    if (view.getUint8(at + 1) === 0xda) return;
  }
}

/** The frame header is C0 to CF, but not C4, C8 and CC, which are tables and an extension. */
function jpeg(view: DataView): PictureSize | undefined {
  for (const [marker, at] of segments(view)) {
    const frame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (frame) return { height: view.getUint16(at + 1), width: view.getUint16(at + 3) };
  }
}

/** Whether the mark of the end (FF D9) follows the pixels; cameras may write more behind it. */
function endsJpeg(bytes: Uint8Array): boolean {
  const pixels = read(bytes, (view) => [...segments(view)].find(([marker]) => marker === 0xda)?.[1]);
  if (pixels === undefined) return false;
  for (let at = bytes.length - 2; at >= pixels; at--) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  return false;
}

/** Exif lies in a segment E1, as the first directory of a TIFF file: entries of tag, type, count and value, 12 bytes each. */
function exifOrientation(view: DataView): number | undefined {
  for (const [marker, at] of segments(view)) {
    if (marker !== 0xe1 || view.getUint32(at) !== 0x45786966) continue;
    const tiff = at + 6;
    const little = view.getUint16(tiff) === 0x4949;
    const directory = tiff + view.getUint32(tiff + 4, little);
    const entries = Array.from({ length: view.getUint16(directory, little) }, (_, i) => directory + 2 + 12 * i);
    const found = entries.find((entry) => view.getUint16(entry, little) === 0x0112);
    return found === undefined ? undefined : view.getUint16(found + 8, little);
  }
}

/** The three kinds of first chunk: lossy, lossless, extended. */
function webp(view: DataView): PictureSize | undefined {
  const kind = view.getUint8(15);
  if (kind === " ".charCodeAt(0)) return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (kind === "L".charCodeAt(0)) {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  const three = (at: number) => view.getUint16(at, true) + 65536 * view.getUint8(at + 2);
  return { width: three(24) + 1, height: three(27) + 1 };
}
