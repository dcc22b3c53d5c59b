/** Folders of pictures: the folder that a picture lies in is its class; see `layout.ts`. */
import type { Findings } from "./annotated";
import { type Part, requireClasses, requireRoom, shuffled } from "./assemble";
import { Copies } from "./copies";
import { DataError } from "./dataset";
import type { Decode } from "./decode";
import { foldersOf, type SourceFile } from "./files";
import { grouped } from "./group";
import { isTestFolder } from "./halves";
import type { ClassByList } from "./labels";
import { classesOf, type Labelled, layoutOf } from "./layout";
import { eachPicture, type Look } from "./pictures";

/** Most pictures kept: decoding takes a visitor's minutes, and small networks learn enough from these. */
export const MAX_IMAGES = 20_000;

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
}

/** Reads pictures; what a person should know of what was left out goes to the findings. */
export async function readImages(files: SourceFile[], listed: ClassByList, options: ImagesOptions, findings: Findings): Promise<Images> {
  const { labelled, classes } = knownOf(files, findings) ?? labelledOf(files, listed, findings);
  const kept = keep(labelled, options.seed);
  if (kept.length < labelled.length) findings.tell(keptNote(kept.length, labelled.length));
  requireRoom(kept.length, 3, options.side);
  let done = 0;
  const tick = () => options.onProgress?.(++done / kept.length);
  const copies = new Copies(findings);
  const parts: Part[] = [];
  for (const half of [kept.filter(({ test }) => !test), kept.filter(({ test }) => test)])
    if (half.length > 0) parts.push(await readPart(half, classes, options, { findings, copies, test: half[0].test }, tick));
  const read = parts.filter(({ count }) => count > 0);
  if (read.length === 0) throw new DataError("None of the pictures could be read.", "Save them again as PNG or JPEG.");
  return { parts: read, classes };
}

/** The folder that all files share above their classes, if there is one. */
export function topFolder(files: SourceFile[]): string | undefined {
  const [first, ...rest] = files.map((file) => file.path.split("/"));
  return first.length > 2 && rest.every((path) => path.length > 2 && path[0] === first[0]) ? first[0] : undefined;
}

/** Pictures whose classes are known, which keep their order; classes that no training picture has are left out. Undefined for all others. */
function knownOf(files: SourceFile[], findings: Findings): { labelled: Labelled[]; classes: string[] } | undefined {
  const all = files.flatMap((file) => (file.known ? [{ file, name: file.known.names[file.known.label], test: file.known.test }] : []));
  if (all.length === 0) return undefined;
  const learned = new Set((all.every(({ test }) => test) ? all : all.filter(({ test }) => !test)).map(({ name }) => name));
  const names = [...new Set(files.find(({ known }) => known)!.known!.names)];
  const classes = names.filter((name) => learned.has(name));
  requireClasses(classes, "What was read");
  if (classes.length < names.length)
    findings.tell(`Only ${classes.length} of the ${names.length} classes are in what was read: ${someOf(classes)}.`);
  for (const { file, name } of all) if (!learned.has(name)) findings.add(STRANGE, `${file.path} (${name})`);
  return { labelled: all.filter(({ name }) => learned.has(name)), classes };
}

const STRANGE = "Held-out pictures of classes that no training picture has, left out";

/** Pictures whose class a folder names, or else a list. Held-out pictures of classes without training pictures are left out. */
function labelledOf(files: SourceFile[], listed: ClassByList, findings: Findings): { labelled: Labelled[]; classes: string[] } {
  const { labelled, loose, masks } = layoutOf(files);
  const learned = labelled.filter(({ test }) => !test);
  const classes = classesOf(learned.length > 0 ? learned : labelled);
  const known = new Set(classes);
  const isListed = (file: SourceFile) => known.has(listed(file) ?? "");
  for (const { path } of masks) findings.add("Outlines beside the pictures they belong to, left out", path);
  for (const file of loose) if (!isListed(file)) findings.add("Pictures in no folder of a class, left out", file.path);
  if (classes.length === 0) throw new DataError("No picture lies in a folder of its class.", ONE_FOLDER_EACH);
  requireClasses(classes, topFolder(labelled.map(({ file }) => file)) ?? "The choice of files");
  for (const { name, file } of labelled) if (!known.has(name)) findings.add(STRANGE, `${file.path} (${name})`);
  tellOrder(classes, findings);
  const byList = loose.filter(isListed).map((file) => ({ file, name: listed(file)!, test: isTestFolder(foldersOf(file.path)) }));
  return { labelled: labelled.filter(({ name }) => known.has(name)).concat(byList), classes };
}

const ONE_FOLDER_EACH = "Put each class's images into a folder of its own and choose the folder above.";

/** A network whose file names no classes knows them by number, so people should know how classes were numbered. */
function tellOrder(classes: string[], findings: Findings): void {
  const natural = classes.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (natural.every((name, i) => name === classes[i])) return;
  findings.tell(`Classes are numbered in the order of code points, as torchvision does: ${someOf(classes)}.`);
}

const someOf = (classes: string[]): string => classes.slice(0, 5).join(", ") + (classes.length > 5 ? ", ..." : "");

function keptNote(kept: number, all: number): string {
  const count = (n: number) => n.toLocaleString("en");
  return `Kept ${count(kept)} of ${count(all)} images, drawn evenly from every class; ${count(MAX_IMAGES)} is the limit.`;
}

/** At most `MAX_IMAGES`, the same share of every class and part, drawn from the seed. */
function keep(labelled: Labelled[], seed: number): Labelled[] {
  if (labelled.length <= MAX_IMAGES) return labelled;
  const groups = grouped(labelled, ({ name, test }) => `${test} ${name}`);
  const share = MAX_IMAGES / labelled.length;
  return [...groups.values()].flatMap((group, i) => shuffled(group, seed, i).slice(0, Math.max(1, Math.floor(share * group.length))));
}

async function readPart(
  pictures: Labelled[],
  classes: string[],
  { side, decode }: ImagesOptions,
  look: Look,
  tick: () => void,
): Promise<Part> {
  const size = 3 * side * side;
  const images = new Uint8Array(pictures.length * size);
  const ids = new Map(classes.map((name, id) => [name, id]));
  const labels: number[] = [];
  const files = pictures.map(({ file }) => file);
  await eachPicture(
    files,
    (bytes) => decode(bytes, side),
    look,
    (pixels, i) => {
      if (pixels) images.set(pixels, size * labels.push(ids.get(pictures[i].name)!) - size);
      tick();
    },
  );
  const [{ file, test }] = pictures;
  return {
    ...{ file: foldersOf(file.path).slice(0, -1).join("/") || "The choice of files", test, channels: 3 },
    ...{ count: labels.length, labels, images: images.subarray(0, size * labels.length) },
  };
}
