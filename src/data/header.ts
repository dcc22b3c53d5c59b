/** The size of a picture from its first bytes, before anything is decoded. */

export interface PictureSize {
  width: number;
  height: number;
}

/** The size of a PNG, JPEG, GIF, WebP or BMP picture; undefined for anything else, damaged headers included. */
export function pictureSize(bytes: Uint8Array): PictureSize | undefined {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return READERS.find(({ magic, offset = 0 }) => startsWith(bytes, magic, offset))?.read(view);
  } catch {
    // A header that ends early: RangeError from the view.
    return undefined;
  }
}

const READERS: { magic: string; offset?: number; read: (view: DataView) => PictureSize | undefined }[] = [
  { magic: "\x89PNG\r\n\x1a\n", read: (view) => ({ width: view.getUint32(16), height: view.getUint32(20) }) },
  { magic: "GIF8", read: (view) => ({ width: view.getUint16(6, true), height: view.getUint16(8, true) }) },
  { magic: "BM", read: (view) => ({ width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) }) },
  { magic: "WEBP", offset: 8, read: webp },
  { magic: "\xff\xd8", read: jpeg },
];

function startsWith(bytes: Uint8Array, magic: string, offset: number): boolean {
  return [...magic].every((character, i) => bytes[offset + i] === character.charCodeAt(0));
}

/** Walks the segments to the frame header (C0 to CF, but not C4, C8 and CC, which are tables and an extension). */
function jpeg(view: DataView): PictureSize | undefined {
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    while (view.getUint8(at) === 0xff && view.getUint8(at + 1) === 0xff) at++;
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    const frame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (frame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
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
