/** Decoding pictures with the browser's own decoders, in a page or a worker. */
import { squaredRgba } from "./square";

/** Bytes of a picture file to planes u8 RGB [3, side, side], its middle; rejects what cannot be decoded. */
export type Decode = (bytes: Uint8Array, side: number) => Promise<Uint8Array>;

/** Largest edge whose pixels are read back; the browser shrinks what is larger. Keeps a 100-megapixel picture at 16 MB. */
const MAX_EDGE = 2048;

export const decodeInBrowser: Decode = async (bytes, side) => {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  try {
    const { width, height } = bitmap;
    const from = Math.min(width, height);
    const edge = Math.min(from, MAX_EDGE);
    const context = new OffscreenCanvas(edge, edge).getContext("2d", { willReadFrequently: true })!;
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, Math.floor((width - from) / 2), Math.floor((height - from) / 2), from, from, 0, 0, edge, edge);
    return squaredRgba(context.getImageData(0, 0, edge, edge).data, edge, edge, side);
  } finally {
    bitmap.close();
  }
};
