/** Decoding PNG and JPEG in Node, for the command line and for tests; browsers decode more kinds by themselves. */
import { decode as decodeJpeg } from "jpeg-js";
import { PNG } from "pngjs";
import type { Decode, DecodeWhole } from "../data/decode";
import { fittedRgba, squaredRgba } from "../data/square";

export const decodeInNode: Decode = async (bytes, side) => {
  const { width, height, data } = pixels(bytes);
  return squaredRgba(data, width, height, side);
};

export const decodeWholeInNode: DecodeWhole = async (bytes, side) => {
  const { width, height, data } = pixels(bytes);
  return { pixels: fittedRgba(data, width, height, side), width, height };
};

/** Interleaved RGBA. */
function pixels(bytes: Uint8Array): { width: number; height: number; data: Uint8Array } {
  return isPng(bytes) ? PNG.sync.read(Buffer.from(bytes)) : decodeJpeg(bytes, { useTArray: true, formatAsRGBA: true });
}

function isPng(bytes: Uint8Array): boolean {
  return bytes[0] === 0x89 && bytes[1] === 0x50;
}
