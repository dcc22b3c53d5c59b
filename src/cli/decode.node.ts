/** Decoding PNG and JPEG in Node, for the command line and for tests; browsers decode more kinds by themselves. */
import { decode as decodeJpeg } from "jpeg-js";
import { PNG } from "pngjs";
import type { Decode } from "../data/decode";
import { squaredRgba } from "../data/square";

export const decodeInNode: Decode = async (bytes, side) => {
  const { width, height, data } = isPng(bytes)
    ? PNG.sync.read(Buffer.from(bytes))
    : decodeJpeg(bytes, { useTArray: true, formatAsRGBA: true });
  return squaredRgba(data, width, height, side);
};

function isPng(bytes: Uint8Array): boolean {
  return bytes[0] === 0x89 && bytes[1] === 0x50;
}
