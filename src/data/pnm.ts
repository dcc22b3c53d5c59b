/** PPM and PGM pictures (Netpbm's "P6" and "P5"), which no browser reads, as BMP, which all do. Source: netpbm.sourceforge.net/doc/ppm.html. */

const HEADER = /^P([56])(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s/;
/** Most bytes before the pixels: comments are short. */
const HEADER_BYTES = 1000;
const BMP_HEADER = 54;

export const isPnm = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && (bytes[1] === 0x35 || bytes[1] === 0x36);

/** A BMP of 24 bits with the same pixels. Throws an Error for more than 8 bits a channel, and for what is cut short. */
export function bmpOfPnm(bytes: Uint8Array): Uint8Array {
  const [header, kind, ...numbers] = HEADER.exec(new TextDecoder("latin1").decode(bytes.subarray(0, HEADER_BYTES))) ?? [];
  const [width, height, most] = numbers.map(Number);
  const channels = kind === "6" ? 3 : 1;
  if (header === undefined || most > 255 || most < 1) throw new Error("no PPM or PGM of 8 bits");
  const pixels = bytes.subarray(header.length);
  if (pixels.length < width * height * channels) throw new Error("cut short");
  // Lines of a BMP, blue first, are filled up to a multiple of four bytes; a negative height has them from top to bottom.
  const stride = 4 * Math.ceil((3 * width) / 4);
  const bmp = bmpHeader(width, height, stride);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++)
        bmp[BMP_HEADER + y * stride + 3 * x + 2 - c] = Math.round((255 * pixels[channels * (y * width + x) + (c % channels)]) / most);
  return bmp;
}

function bmpHeader(width: number, height: number, stride: number): Uint8Array {
  const bmp = new Uint8Array(BMP_HEADER + height * stride);
  const view = new DataView(bmp.buffer);
  bmp.set([0x42, 0x4d]);
  view.setUint32(2, bmp.length, true);
  view.setUint32(10, BMP_HEADER, true);
  view.setUint32(14, BMP_HEADER - 14, true);
  view.setInt32(18, width, true);
  view.setInt32(22, -height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  return bmp;
}
