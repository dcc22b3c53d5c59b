/**
 * A visitor's own files to a data set. What they are is recognised by content and name: IDX pairs, CIFAR binaries, or pictures
 * in a folder per class; zip and tar files are looked into. Nothing leaves the machine.
 */
import { Findings, UNREADABLE } from "./annotated";
import { assemble, type Part, squaredAll } from "./assemble";
import { CIFAR_SIDE, CIFAR10_CLASSES, type Cifar, readCifar } from "./cifar";
import { contentId, DataError, type PackedDataset } from "./dataset";
import type { Decode } from "./decode";
import { baseName, type SourceFile } from "./files";
import { gunzip, isGzip } from "./gzip";
import { isTestFile } from "./halves";
import { pictureSize } from "./header";
import { isIdx, readIdx } from "./idx";
import { readImages, topFolder } from "./images";
import { isClassList, readLists } from "./labels";
import { type IdxFile, idxNames, pairParts } from "./pairs";
import { isPictureName, noteUnread, unreadFormat } from "./pictures";
import { decodeText } from "./text";
import { contents, unpacked } from "./unpack";

export interface OpenOptions {
  /** Pixels along an edge of the data set's pictures. */
  side: number;
  decode: Decode;
  /** Share of each class to hold out where the files do not divide the data; 0.15 by default. */
  holdOut?: number;
  seed: number;
  /** What the data set is called; by default its files say, and that they are the visitor's own. */
  name?: string;
  /** Take so many images of each half, the first ones; all by default. */
  most?: { train: number; test: number };
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
}

/** Sorted by what they hold. */
interface Sorted {
  idx: IdxFile[];
  cifar: { path: string; cifar: Cifar }[];
  pictures: SourceFile[];
  /** Lists of pictures and their classes. */
  lists: SourceFile[];
  others: SourceFile[];
}

const FORMATS =
  "Choose a folder or zip with one folder of images per class, IDX images with their labels, or CIFAR-10 or CIFAR-100 in binary form.";
/** File names that promise IDX or CIFAR. */
const NUMBERS = /\.(gz|bin|idx)$|ubyte|idx\d/i;

/** Reads files into a data set; every failure is a `DataError` that names the file and says what to do. */
export function openFiles(files: SourceFile[], options: OpenOptions): Promise<Opened> {
  const findings = new Findings();
  return findings.explain(async () => {
    const sorted = await sort(await unpacked(files, findings), findings);
    const { parts, name, className } = await source(sorted, options, findings);
    noteSkipped(sorted, findings);
    const { side, seed, most, holdOut = 0.15 } = options;
    const dataset = assemble(parts, { name: options.name ?? `${name} (yours)`, side, seed, holdOut, className, most });
    options.onProgress?.(1);
    return { ...dataset, id: await contentId(dataset), notes: findings.notes() };
  });
}

async function sort(files: SourceFile[], findings: Findings): Promise<Sorted> {
  const sorted: Sorted = { idx: [], cifar: [], pictures: [], lists: [], others: [] };
  for (const file of files) {
    const { path } = file;
    if (isPictureName(path)) sorted.pictures.push(file);
    else if (isClassList(path)) sorted.lists.push(file);
    else if (NUMBERS.test(path) || !baseName(path).includes(".")) await findings.without(UNREADABLE, () => sortNumbers(file, sorted));
    else if (unreadFormat(path)) noteUnread(file, findings);
    else sorted.others.push(file);
  }
  return sorted;
}

/** Distinguishes IDX from CIFAR by content; only a file whose name promises neither may be something else. */
async function sortNumbers(file: SourceFile, { idx, cifar, pictures, others }: Sorted): Promise<void> {
  const { path } = file;
  const packed = await contents(file);
  const bytes = isGzip(packed) ? await gunzip(packed, path) : packed;
  if (!isIdx(bytes) && /\.bin(\.gz)?$/i.test(path)) cifar.push({ path, cifar: readCifar(bytes, path) });
  else if (isIdx(bytes) || NUMBERS.test(baseName(path))) idx.push({ path, idx: await readIdx(bytes, path) });
  else if (pictureSize(bytes)) pictures.push(file);
  else others.push(file);
}

function source(sorted: Sorted, options: OpenOptions, findings: Findings): Promise<Source> | Source {
  if (sorted.idx.length > 0) return idxSource(sorted, options.side);
  if (sorted.cifar.length > 0) return cifarSource(sorted, options.side);
  if (sorted.pictures.length > 0) return pictureSource(sorted, options, findings);
  const [first] = sorted.others;
  throw new DataError(`There are no images among the chosen files${first ? ` (${first.path}, ...)` : ""}.`, FORMATS);
}

function idxSource({ idx }: Sorted, side: number): Source {
  const parts = pairParts(idx, side);
  return { parts, ...idxNames(parts) };
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
  return { parts, name, className: (label) => names[label] ?? String(label) };
}

/** CIFAR-100 names its classes in a text file beside the data. */
async function fineNames(others: SourceFile[]): Promise<string[]> {
  const file = others.find(({ path }) => baseName(path) === "fine_label_names.txt");
  return file
    ? decodeText(await contents(file), file.path)
        .trim()
        .split(/\s+/)
    : [];
}

async function pictureSource({ pictures, lists }: Sorted, options: OpenOptions, findings: Findings): Promise<Source> {
  const { parts, classes } = await readImages(pictures, await readLists(lists), options, findings);
  return { parts, name: topFolder(pictures) ?? "Images", className: (label) => classes[label] };
}

/** Says how many files played no part, and names a few. */
function noteSkipped({ idx, cifar, pictures, others }: Sorted, findings: Findings): void {
  const useless = idx.length > 0 || cifar.length > 0 ? [...others, ...pictures] : others;
  for (const { path } of useless) findings.add("Files that play no part, left out", path);
}
