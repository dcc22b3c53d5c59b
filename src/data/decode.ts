/** Decoding pictures: what browsers and the command line share, and a browser's own decoders, in a page or a worker. */
import { bmpOfPnm, isPnm } from "./pnm";
import { fittedRgba, fitting, type Rectangle, squaredRgba } from "./square";

/** Bytes of a picture file to planes u8 RGB [3, side, side], its middle; rejects what cannot be decoded. */
export type Decode = (bytes: Uint8Array, side: number) => Promise<Uint8Array>;

/** A whole picture in a square. */
export interface Fitted {
  /** u8 RGB [side, side, 3]; the picture lies where `fitting` says. */
  pixels: Uint8Array;
  /** Size of the picture itself in pixels, upright: turned as its file's Exif orientation says. */
  width: number;
  height: number;
}

/** Bytes of a picture file to the whole picture; rejects what cannot be decoded. */
export type DecodeWhole = (bytes: Uint8Array, side: number) => Promise<Fitted>;

/** A picture that some canvas can draw, upright. */
export interface Drawable {
  width: number;
  height: number;
  /** A part, drawn w x h pixels large, as interleaved RGBA. */
  pixels(part: Rectangle, w: number, h: number): Uint8Array | Uint8ClampedArray;
  close?(): void;
}

/** Largest edge whose pixels are read back; the canvas shrinks what is larger. Keeps a 100-megapixel picture at 16 MB. */
const MAX_EDGE = 2048;

/** Both ways to decode, on what opens a picture of any kind. */
export function decoders(open: (bytes: Uint8Array) => Promise<Drawable>): { decode: Decode; decodeWhole: DecodeWhole } {
  async function opened<T>(bytes: Uint8Array, use: (picture: Drawable) => T): Promise<T> {
    const picture = await open(isPnm(bytes) ? bmpOfPnm(bytes) : bytes);
    try {
      return use(picture);
    } finally {
      picture.close?.();
    }
  }
  return {
    decode: (bytes, side) => opened(bytes, (picture) => middle(picture, side)),
    decodeWhole: (bytes, side) => opened(bytes, (picture) => whole(picture, side)),
  };
}

function middle({ width, height, pixels }: Drawable, side: number): Uint8Array {
  const from = Math.min(width, height);
  const edge = Math.min(from, MAX_EDGE);
  const part = { left: Math.floor((width - from) / 2), top: Math.floor((height - from) / 2), width: from, height: from };
  return squaredRgba(pixels(part, edge, edge), edge, edge, side);
}

function whole({ width, height, pixels }: Drawable, side: number): Fitted {
  const scale = Math.min(1, MAX_EDGE / Math.max(width, height));
  const [w, h] = [Math.max(1, Math.round(scale * width)), Math.max(1, Math.round(scale * height))];
  const rgba = pixels({ left: 0, top: 0, width, height }, w, h);
  return { pixels: fittedRgba(rgba, w, h, side, fitting(width, height, side)), width, height };
}

async function openInBrowser(bytes: Uint8Array): Promise<Drawable> {
  return drawable(await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>])));
}

/** Whatever a browser can draw, such as the frame that a video shows, as a whole picture. */
export async function fittedInBrowser(source: ImageBitmapSource, side: number): Promise<Fitted> {
  const picture = drawable(await createImageBitmap(source));
  try {
    return whole(picture, side);
  } finally {
    picture.close?.();
  }
}

function drawable(bitmap: ImageBitmap): Drawable {
  return {
    width: bitmap.width,
    height: bitmap.height,
    pixels({ left, top, width, height }, w, h) {
      const context = new OffscreenCanvas(w, h).getContext("2d", { willReadFrequently: true })!;
      context.imageSmoothingQuality = "high";
      context.drawImage(bitmap, left, top, width, height, 0, 0, w, h);
      return context.getImageData(0, 0, w, h).data;
    },
    close: () => bitmap.close(),
  };
}

export const { decode: decodeInBrowser, decodeWhole: decodeWholeInBrowser } = decoders(openInBrowser);
