/** Picture files: which they are by name, and reading them one after another, the bad ones left out and named. */

import { EngineError } from "../engine/errors";
import { type Findings, withoutStop } from "./annotated";
import type { Copies } from "./copies";
import { DataError } from "./dataset";
import { contentKey } from "./digest";
import type { SourceFile } from "./files";
import { MAX_BYTES } from "./gzip";
import { faultOf, pictureSize } from "./header";

/** Largest picture decoded, in pixels: 400 MB once decoded. */
export const MAX_PIXELS = 100e6;
/** Pictures decoded at a time: four photographs of 12 megapixels take 200 MB. */
const AT_ONCE = 4;

const PICTURE = /\.(png|apng|jpe?g|jpe|jfif|pjpeg|pjp|gif|webp|bmp|avif|ppm|pgm|pnm)$/i;
/** Pictures that neither browsers nor this reader read. */
const UNREAD = /\.(tiff?|hei[cf]|jxl|jp2|j2k|jpx|psd|svg|tga|pbm|exr|hdr|ico|dng|cr[23]|nef|arw|raw|dcm)$/i;

export const isPictureName = (path: string): boolean => PICTURE.test(path);

/** The format of a picture that is not read here, by the ending of its name: "TIF"; undefined for all else. */
export const unreadFormat = (path: string): string | undefined => UNREAD.exec(path)?.[1].toUpperCase();

/** Notes a picture in a format that is not read here. */
export function noteUnread({ path }: SourceFile, findings: Findings): void {
  findings.add(`Pictures in the format ${unreadFormat(path)}, which is not read here, left out`, path);
}

/** Where it goes what a person should know of pictures, and which part they are of. */
export interface Look {
  findings: Findings;
  copies: Copies;
  test: boolean;
}

/** Decodes pictures, a few at a time, and hands them on in order; undefined for those that cannot be read, which are noted. */
export async function eachPicture<T>(
  files: SourceFile[],
  decode: (bytes: Uint8Array) => Promise<T>,
  { findings, copies, test }: Look,
  use: (picture: T | undefined, index: number) => void,
): Promise<void> {
  for (let start = 0; start < files.length; start += AT_ONCE) {
    const some = files.slice(start, start + AT_ONCE);
    const read = await Promise.all(some.map((file) => readPicture(file, decode)));
    for (const [i, { picture, key, fault }] of read.entries()) {
      if (fault !== undefined) findings.add("Pictures that could not be read, left out", fault);
      if (key !== undefined) copies.take(key, { path: some[i].path, test });
      use(picture, start + i);
    }
  }
}

/** A picture and the digest of its file, or what is wrong with it: a sentence that names it, without its full stop. */
interface Read<T> {
  picture?: T;
  key?: string;
  fault?: string;
}

async function readPicture<T>(file: SourceFile, decode: (bytes: Uint8Array) => Promise<T>): Promise<Read<T>> {
  try {
    const { picture, bytes } = await openPicture(file, decode);
    return { picture, key: await contentKey(bytes) };
  } catch (error) {
    if (error instanceof EngineError) return { fault: withoutStop(error.what) };
    throw error;
  }
}

/** A picture and the bytes of its file. Rejects with a `DataError` that names the file where it is no picture, damaged or too large. */
export async function openPicture<T>(
  file: SourceFile,
  decode: (bytes: Uint8Array) => Promise<T>,
): Promise<{ picture: T; bytes: Uint8Array }> {
  if (file.size > MAX_BYTES) throw new DataError(`${file.path} is larger than 1 GB.`, "Remove it or save it smaller.");
  const bytes = await file.bytes();
  requireSound(bytes, file.path);
  return { picture: await decoded(bytes, file.path, decode), bytes };
}

function requireSound(bytes: Uint8Array, path: string): void {
  const { width, height } = pictureSize(bytes) ?? { width: 0, height: 0 };
  if (width * height > MAX_PIXELS) {
    const what = `${path} has ${width} x ${height} pixels, ${Math.round((width * height) / 1e6)} megapixels; 100 is the limit.`;
    throw new DataError(what, "Save it smaller, or remove it.");
  }
  const fault = faultOf(bytes);
  if (fault) throw new DataError(`${path} ${fault}.`, "Remove it, or save it again.");
}

async function decoded<T>(bytes: Uint8Array, path: string, decode: (bytes: Uint8Array) => Promise<T>): Promise<T> {
  try {
    return await decode(bytes);
  } catch {
    throw new DataError(
      `${path} is damaged, or a kind of picture that cannot be read here.`,
      "Remove it, or save it again as PNG or JPEG.",
    );
  }
}
