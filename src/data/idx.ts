/**
 * IDX, the format of MNIST and its relatives: a big-endian header (two zero bytes, a type, the number of dimensions, the
 * dimensions) and then plain values; often gzipped.
 */
import { DataError } from "./dataset";
import { gunzip, isGzip } from "./gzip";

export type Idx =
  | { kind: "labels"; values: Uint8Array }
  /** Planes u8 [count, channels, height, width]. */
  | { kind: "images"; count: number; channels: 1 | 3; height: number; width: number; planes: Uint8Array };

const UNSIGNED_BYTES = 0x08;
const AGAIN = "It may be cut short or damaged: download or export it again.";

/** Whether plain (not gzipped) bytes start as an IDX file does. */
export function isIdx(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && bytes[0] === 0 && bytes[1] === 0 && bytes[2] >= 0x08 && bytes[2] <= 0x0e && bytes[3] >= 1 && bytes[3] <= 4;
}

/** Reads an IDX file of labels [n] or images [n, h, w] or [n, h, w, channels], gzipped or not. */
export async function readIdx(bytes: Uint8Array, name: string): Promise<Idx> {
  return parseIdx(isGzip(bytes) ? await gunzip(bytes, name) : bytes, name);
}

function parseIdx(bytes: Uint8Array, name: string): Idx {
  if (!isIdx(bytes))
    throw new DataError(
      `${name} is not an IDX file: its first bytes are not an IDX header.`,
      `${AGAIN} If it is something else, leave it out.`,
    );
  if (bytes[2] !== UNSIGNED_BYTES) {
    throw new DataError(`${name} holds values of IDX type 0x0${bytes[2].toString(16)}.`, "Save it with unsigned bytes (type 0x08).");
  }
  const dims = dimensions(bytes, name);
  const values = bytes.subarray(4 + 4 * dims.length);
  const expected = dims.reduce((product, d) => product * d, 1);
  if (values.length !== expected) {
    throw new DataError(`${name} announces ${dims.join(" x ")} values, ${expected} bytes, but holds ${values.length}.`, AGAIN);
  }
  if (expected === 0) throw new DataError(`${name} is empty: ${dims.join(" x ")} values.`, "Choose a file with images or labels in it.");
  return dims.length === 1 ? { kind: "labels", values } : images(dims, values, name);
}

function dimensions(bytes: Uint8Array, name: string): number[] {
  if (bytes.length < 4 + 4 * bytes[3]) throw new DataError(`${name} ends inside its header.`, AGAIN);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes[3] }, (_, i) => view.getUint32(4 + 4 * i));
}

function images(dims: number[], values: Uint8Array, name: string): Idx {
  const [count, height, width, channels = 1] = dims;
  if (dims.length < 3 || (channels !== 1 && channels !== 3)) {
    const what = `${name} holds values of ${dims.join(" x ")}, which are neither labels nor gray or RGB images.`;
    throw new DataError(what, "Images are saved as count x height x width, or count x height x width x 3.");
  }
  return { kind: "images", count, channels, height, width, planes: channels === 1 ? values : deinterleaved(values, height * width) };
}

/** RGB pixels of images of `area` pixels to planes. */
function deinterleaved(values: Uint8Array, area: number): Uint8Array {
  const planes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const pixel = Math.floor(i / 3);
    const image = Math.floor(pixel / area);
    planes[(image * 3 + (i % 3)) * area + (pixel - image * area)] = values[i];
  }
  return planes;
}
