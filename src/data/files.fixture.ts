/** Files made up for tests. */
import { zipSync } from "fflate";
import type { Decode, DecodeWhole } from "./decode";
import type { SourceFile } from "./files";
import { fittedRgba } from "./square";

export function file(path: string, bytes: Uint8Array | number[]): SourceFile {
  const content = Uint8Array.from(bytes);
  return { path, size: content.length, bytes: () => Promise.resolve(content) };
}

/** An IDX file of unsigned bytes. */
export function idxBytes(dims: number[], values: ArrayLike<number>): Uint8Array {
  return Uint8Array.from([
    0,
    0,
    8,
    dims.length,
    ...dims.flatMap((d) => [d >>> 24, (d >>> 16) & 255, (d >>> 8) & 255, d & 255]),
    ...Array.from(values),
  ]);
}

/** `count` CIFAR records with these label bytes; pixel p of record i is i + p modulo 256. */
export function cifarBytes(labels: number[][]): Uint8Array {
  return Uint8Array.from(labels.flatMap((label, i) => [...label, ...Array.from({ length: 3072 }, (_, p) => i + p)]));
}

/** A part of a tar: header and content. */
export function tarEntry(path: string, content: Uint8Array, { type = "0", size = "", prefix = "" } = {}): Uint8Array {
  const block = new Uint8Array(512 + Math.ceil(content.length / 512) * 512);
  const put = (text: string, at: number) => block.set(new TextEncoder().encode(text), at);
  put(path, 0);
  const digits = size || content.length.toString(8).padStart(11, "0");
  block.set(
    Array.from(digits, (digit) => digit.charCodeAt(0)),
    124,
  );
  put(type, 156);
  put("ustar", 257);
  put(prefix, 345);
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 8 * 32);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  block.set(content, 512);
  return block;
}

export const tarOf = (...entries: Uint8Array[]) => Uint8Array.from([...entries.flatMap((entry) => [...entry]), ...new Uint8Array(1024)]);

/** A tar of plain files. */
export const tarBytes = (files: Record<string, Uint8Array>): Uint8Array =>
  tarOf(...Object.entries(files).map(([path, content]) => tarEntry(path, content)));

/** A picture whose bytes are one colour value: what `decodeFlat` reads. */
export function flat(value: number): Uint8Array {
  return Uint8Array.of(value);
}

/** Stands in for a real decoder: one byte is a flat picture, anything else is damaged. */
export const decodeFlat: Decode = (bytes, side) =>
  bytes.length === 1 ? Promise.resolve(new Uint8Array(3 * side * side).fill(bytes[0])) : Promise.reject(new Error("no picture"));

/** Pictures 0 to n - 1 of each class: `root/class/i.png`, flat with value 10 * class + i. */
export function classFolders(root: string, classes: string[], n: number): SourceFile[] {
  return classes.flatMap((name, c) => Array.from({ length: n }, (_, i) => file(`${root}${name}/${i}.png`, flat(10 * c + i))));
}

export async function zipOf(files: SourceFile[]): Promise<Uint8Array> {
  return zipSync(Object.fromEntries(await Promise.all(files.map(async ({ path, bytes }) => [path, await bytes()] as const))));
}

/** A picture of any size in one colour value: what `decodeSized` reads. */
export function sized(width: number, height: number, value = 0): Uint8Array {
  return new Uint8Array(Uint16Array.of(width, height, value).buffer);
}

/** Stands in for a real decoder of whole pictures; anything but `sized` bytes is damaged. */
export const decodeSized: DecodeWhole = async (bytes, side) => {
  if (bytes.length !== 6) throw new Error("no picture");
  const [width, height, value] = new Uint16Array(bytes.slice().buffer);
  const rgba = Uint8Array.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : value));
  return { pixels: fittedRgba(rgba, width, height, side), width, height };
};

export function textFile(path: string, text: string): SourceFile {
  return file(path, new TextEncoder().encode(text));
}
