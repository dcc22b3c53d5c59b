/**
 * A visitor's own files to a data set. What they are is told by content and name: IDX pairs, CIFAR binaries, or pictures
 * in a folder per class; zip and tar files are looked into. Nothing leaves the machine.
 */
import { assemble, type Part, squaredAll } from "./assemble";
import { CIFAR_SIDE, CIFAR10_CLASSES, type Cifar, readCifar } from "./cifar";
import { contentId, DataError, type PackedDataset } from "./dataset";
import type { Decode } from "./decode";
import { baseName, isTestFile, type SourceFile } from "./files";
import { gunzip, isGzip } from "./gzip";
import { isIdx, readIdx } from "./idx";
import { isPictureName, readImages, topFolder } from "./images";
import { type IdxFile, idxNames, pairParts } from "./pairs";
import { contents, unpacked } from "./unpack";

export interface OpenOptions {
  /** Pixels along an edge of the data set's pictures. */
  side: number;
  decode: Decode;
  /** Share of each class held out where the files hold nothing out themselves; 0.15 unless told. */
  holdOut?: number;
  seed: number;
  onProgress?: (share: number) => void;
}

/** A data set from files, and what a person should know of how it was read. */
export interface Opened extends PackedDataset {
  notes: string[];
}

/** Where a data set's parts come from, before they are put together. */
interface Source {
  parts: Part[];
  name: string;
  className: (label: number) => string;
  notes: string[];
}

/** Sorted by what they hold. */
interface Sorted {
  idx: IdxFile[];
  cifar: { path: string; cifar: Cifar }[];
  pictures: SourceFile[];
  others: SourceFile[];
}

const FORMATS =
  "Choose a folder or zip with one folder of images per class, IDX images with their labels, or CIFAR-10 or CIFAR-100 in binary form.";
/** File names that promise IDX or CIFAR. */
const NUMBERS = /\.(gz|bin|idx)$|ubyte|idx\d/i;

/** Reads files into a data set; every failure is a `DataError` that names the file and says what to do. */
export async function openFiles(files: SourceFile[], options: OpenOptions): Promise<Opened> {
  const sorted = await sort(await unpacked(files));
  const { parts, name, className, notes } = await source(sorted, options);
  const { side, seed, holdOut = 0.15 } = options;
  const dataset = assemble(parts, { name: `${name} (yours)`, side, seed, holdOut, className });
  options.onProgress?.(1);
  return { ...dataset, id: await contentId(dataset), notes: [...notes, ...skipNote(sorted, parts)] };
}

async function sort(files: SourceFile[]): Promise<Sorted> {
  const sorted: Sorted = { idx: [], cifar: [], pictures: [], others: [] };
  for (const file of files) {
    const { path } = file;
    if (isPictureName(path)) sorted.pictures.push(file);
    else if (NUMBERS.test(path) || !baseName(path).includes(".")) await sortNumbers(file, sorted);
    else sorted.others.push(file);
  }
  return sorted;
}

/** Tells IDX and CIFAR apart by content; only a file whose name promises neither may be something else. */
async function sortNumbers(file: SourceFile, { idx, cifar, others }: Sorted): Promise<void> {
  const { path } = file;
  const packed = await contents(file);
  const bytes = isGzip(packed) ? await gunzip(packed, path) : packed;
  if (!isIdx(bytes) && /\.bin(\.gz)?$/i.test(path)) cifar.push({ path, cifar: readCifar(bytes, path) });
  else if (isIdx(bytes) || NUMBERS.test(baseName(path))) idx.push({ path, idx: await readIdx(bytes, path) });
  else others.push(file);
}

function source(sorted: Sorted, options: OpenOptions): Promise<Source> | Source {
  if (sorted.idx.length > 0) return idxSource(sorted, options.side);
  if (sorted.cifar.length > 0) return cifarSource(sorted, options.side);
  if (sorted.pictures.length > 0) return pictureSource(sorted, options);
  const [first] = sorted.others;
  throw new DataError(first ? `There are no images among the chosen files (${first.path}, ...).` : "There are no files to read.", FORMATS);
}

function idxSource({ idx }: Sorted, side: number): Source {
  const parts = pairParts(idx, side);
  return { parts, ...idxNames(parts), notes: [] };
}

async function cifarSource({ cifar, others }: Sorted, side: number): Promise<Source> {
  const { name } = cifar[0].cifar;
  const odd = cifar.find((file) => file.cifar.name !== name);
  if (odd) throw new DataError(`${odd.path} is ${odd.cifar.name}, but ${cifar[0].path} is ${name}.`, "Choose files of one of them.");
  const parts = cifar.map(({ path, cifar: { count, labels, planes } }): Part => {
    return {
      file: path,
      test: isTestFile(path),
      channels: 3,
      count,
      labels,
      images: squaredAll(planes, count, 3, CIFAR_SIDE, CIFAR_SIDE, side),
    };
  });
  const names = name === "CIFAR-10" ? CIFAR10_CLASSES : await fineNames(others);
  return { parts, name, className: (label) => names[label] ?? String(label), notes: [] };
}

/** CIFAR-100 names its classes in a text file beside the data. */
async function fineNames(others: SourceFile[]): Promise<string[]> {
  const file = others.find(({ path }) => baseName(path) === "fine_label_names.txt");
  return file
    ? new TextDecoder()
        .decode(await contents(file))
        .trim()
        .split(/\s+/)
    : [];
}

async function pictureSource({ pictures }: Sorted, options: OpenOptions): Promise<Source> {
  const { parts, classes, notes } = await readImages(pictures, options);
  return { parts, notes, name: topFolder(pictures) ?? "Images", className: (label) => classes[label] };
}

/** Says how many files played no part, and names a few. */
function skipNote({ idx, cifar, pictures, others }: Sorted, parts: Part[]): string[] {
  const useless = idx.length > 0 || cifar.length > 0 ? [...others, ...pictures] : others;
  if (useless.length === 0 || parts.length === 0) return [];
  const few = useless.slice(0, 3).map((file) => file.path);
  const more = useless.length > few.length ? " and others" : "";
  return [`Left out ${useless.length.toLocaleString("en")} files that play no part: ${few.join(", ")}${more}.`];
}
