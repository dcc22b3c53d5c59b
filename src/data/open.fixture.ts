/** Opening made-up files in tests. */
import { expect } from "vitest";
import { DataError } from "./dataset";
import type { SourceFile } from "./files";
import { decodeFlat } from "./files.fixture";
import { openFiles } from "./open";

export const open = (files: SourceFile[], options: Partial<Parameters<typeof openFiles>[1]> = {}) =>
  openFiles(files, { side: 2, decode: decodeFlat, seed: 1, ...options });

/** The message with which files are refused. */
export async function refusal(files: SourceFile[], options = {}): Promise<string> {
  const error = await open(files, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  expect((error as DataError).remedy.length).toBeGreaterThan(10);
  return (error as DataError).message;
}

/** The first value of every picture. */
export const firstPixels = ({ images, count }: { images: Uint8Array; count: number }) =>
  Array.from({ length: count }, (_, i) => images[(i * images.length) / count]);
