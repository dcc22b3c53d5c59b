/** Folders of pictures: the folder that a picture lies in is its class. */
import { type Part, requireClasses, requireRoom, shuffled } from "./assemble";
import { DataError } from "./dataset";
import type { Decode } from "./decode";
import { isTestFolder, type SourceFile } from "./files";
import { MAX_BYTES } from "./gzip";
import { pictureSize } from "./header";

/** Most pictures kept: decoding takes a visitor's minutes, and small networks learn enough from these. */
export const MAX_IMAGES = 20_000;
/** Largest picture decoded, in pixels: 400 MB once decoded. */
export const MAX_PIXELS = 100e6;
/** Pictures decoded at a time: four photographs of 12 megapixels take 200 MB. */
const AT_ONCE = 4;

const PICTURE = /\.(png|jpe?g|gif|webp|bmp|avif)$/i;

export const isPictureName = (path: string): boolean => PICTURE.test(path);

export interface ImagesOptions {
  side: number;
  decode: Decode;
  seed: number;
  onProgress?: (share: number) => void;
}

export interface Images {
  parts: Part[];
  /** Class names; labels are indices into them. */
  classes: string[];
  /** What a person should know: what was left out. */
  notes: string[];
}

/** Reads pictures; classes in natural order, folders named train, test or validation above them tell the parts. */
export async function readImages(files: SourceFile[], options: ImagesOptions): Promise<Images> {
  const classes = [...new Set(files.map(classOf))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  requireClasses(classes, topFolder(files) ?? "The chosen folder");
  const kept = keep(files, options.seed);
  requireRoom(kept.length, 3, options.side);
  const parts = [kept.filter((file) => !inTest(file)), kept.filter(inTest)].filter((part) => part.length > 0);
  let done = 0;
  const tick = (count: number) => {
    done += count;
    options.onProgress?.(done / kept.length);
  };
  const read: Part[] = [];
  for (const part of parts) read.push(await readPart(part, classes, options, tick));
  return { parts: read, classes, notes: kept.length < files.length ? [keptNote(kept.length, files.length)] : [] };
}

/** The folder that all files share above their classes, if there is one. */
export function topFolder(files: SourceFile[]): string | undefined {
  const [first, ...rest] = files.map((file) => file.path.split("/"));
  return first.length > 2 && rest.every((path) => path.length > 2 && path[0] === first[0]) ? first[0] : undefined;
}

function keptNote(kept: number, all: number): string {
  const count = (n: number) => n.toLocaleString("en");
  return `Kept ${count(kept)} of ${count(all)} images, drawn evenly from every class; ${count(MAX_IMAGES)} is the limit.`;
}

function classOf({ path }: SourceFile): string {
  const folder = path.split("/").at(-2);
  if (folder) return folder;
  throw new DataError(
    `${path} lies in no folder, so its class is unknown.`,
    "Put each class's images into a folder of its own and choose the folder above.",
  );
}

function inTest({ path }: SourceFile): boolean {
  return isTestFolder(path.split("/").slice(0, -2));
}

/** At most `MAX_IMAGES`, the same share of every class and part, drawn from the seed. */
function keep(files: SourceFile[], seed: number): SourceFile[] {
  if (files.length <= MAX_IMAGES) return files;
  const groups = new Map<string, SourceFile[]>();
  for (const file of files) {
    const group = `${inTest(file)} ${classOf(file)}`;
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group)!.push(file);
  }
  const share = MAX_IMAGES / files.length;
  return [...groups.values()].flatMap((group, i) => shuffled(group, seed, i).slice(0, Math.max(1, Math.floor(share * group.length))));
}

async function readPart(
  files: SourceFile[],
  classes: string[],
  { side, decode }: ImagesOptions,
  tick: (count: number) => void,
): Promise<Part> {
  const size = 3 * side * side;
  const images = new Uint8Array(files.length * size);
  const ids = new Map(classes.map((name, id) => [name, id]));
  await eachPicture(
    files,
    (bytes) => decode(bytes, side),
    (pixels, i) => {
      images.set(pixels, i * size);
      tick(1);
    },
  );
  const folder = files[0].path.split("/").slice(0, -2).join("/") || "The chosen folder";
  return {
    file: folder,
    test: inTest(files[0]),
    channels: 3,
    count: files.length,
    labels: files.map((file) => ids.get(classOf(file))!),
    images,
  };
}

/** Decodes pictures, a few at a time, and hands them on in order. */
export async function eachPicture<T>(
  files: SourceFile[],
  decode: (bytes: Uint8Array) => Promise<T>,
  use: (picture: T, index: number) => void,
): Promise<void> {
  for (let start = 0; start < files.length; start += AT_ONCE) {
    const some = files.slice(start, start + AT_ONCE);
    const decoded = await Promise.all(some.map((file) => readPicture(file, decode)));
    for (const [i, picture] of decoded.entries()) use(picture, start + i);
  }
}

async function readPicture<T>(file: SourceFile, decode: (bytes: Uint8Array) => Promise<T>): Promise<T> {
  if (file.size > MAX_BYTES) throw new DataError(`${file.path} is larger than 1 GB.`, "Remove it or save it smaller.");
  const bytes = await file.bytes();
  const size = pictureSize(bytes);
  if (size && size.width * size.height > MAX_PIXELS) {
    const megapixels = Math.round((size.width * size.height) / 1e6);
    const what = `${file.path} has ${size.width} x ${size.height} pixels, ${megapixels} megapixels; 100 is the limit.`;
    throw new DataError(what, "Save it smaller, or remove it.");
  }
  try {
    return await decode(bytes);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(
      `${file.path} is damaged, or a kind of picture that cannot be read here.`,
      "Remove it, or save it again as PNG or JPEG.",
    );
  }
}
