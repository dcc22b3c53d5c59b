/** Decoding pictures with the browser's own decoders, in a page or a worker. */
import { fittedRgba, fitting, squaredRgba } from "./square";

/** Bytes of a picture file to planes u8 RGB [3, side, side], its middle; rejects what cannot be decoded. */
export type Decode = (bytes: Uint8Array, side: number) => Promise<Uint8Array>;

/** A whole picture in a square. */
export interface Fitted {
  /** u8 RGB [side, side, 3]; the picture lies where `fitting` says. */
  pixels: Uint8Array;
  /** Size of the picture itself, in the pixels of its file: no note in the file to turn it is heeded. */
  width: number;
  height: number;
}

/** Bytes of a picture file to the whole picture; rejects what cannot be decoded. */
export type DecodeWhole = (bytes: Uint8Array, side: number) => Promise<Fitted>;

/** Largest edge whose pixels are read back; the browser shrinks what is larger. Keeps a 100-megapixel picture at 16 MB. */
const MAX_EDGE = 2048;

export const decodeInBrowser: Decode = async (bytes, side) => {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  const from = Math.min(bitmap.width, bitmap.height);
  const [left, top] = [Math.floor((bitmap.width - from) / 2), Math.floor((bitmap.height - from) / 2)];
  const edge = Math.min(from, MAX_EDGE);
  return squaredRgba(pixelsOf(bitmap, left, top, from, from, edge, edge), edge, edge, side);
};

export const decodeWholeInBrowser: DecodeWhole = async (bytes, side) => {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), { imageOrientation: "none" });
  const { width, height } = bitmap;
  const scale = Math.min(1, MAX_EDGE / Math.max(width, height));
  const [w, h] = [Math.max(1, Math.round(scale * width)), Math.max(1, Math.round(scale * height))];
  const pixels = fittedRgba(pixelsOf(bitmap, 0, 0, width, height, w, h), w, h, side, fitting(width, height, side));
  return { pixels, width, height };
};

/** A part of a picture, drawn w x h pixels large, as interleaved RGBA. Closes the picture. */
function pixelsOf(bitmap: ImageBitmap, left: number, top: number, width: number, height: number, w: number, h: number) {
  try {
    const context = new OffscreenCanvas(w, h).getContext("2d", { willReadFrequently: true })!;
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, left, top, width, height, 0, 0, w, h);
    return context.getImageData(0, 0, w, h).data;
  } finally {
    bitmap.close();
  }
}
