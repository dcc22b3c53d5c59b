/**
 * A visitor's own pictures with boxes to a data set. The format is recognised by content: COCO JSON, Pascal VOC XML or YOLO text,
 * with the pictures in a folder or zip. Each picture is fitted into a square, whole. Nothing leaves the machine.
 */
import type { GroundTruth } from "../geometry/boxes";
import { type Annotated, Findings } from "./annotated";
import { findAnnotations } from "./annotations";
import { requireFewClasses, requireRoom } from "./assemble";
import { Copies } from "./copies";
import { DataError } from "./dataset";
import type { DecodeWhole } from "./decode";
import type { DetectionSet, DetectionSplit } from "./detection";
import { digest } from "./digest";
import type { SourceFile } from "./files";
import { orientationOf } from "./header";
import { topFolder } from "./images";
import { divide, type Pair, pair } from "./pairing";
import { eachPicture, type Look } from "./pictures";
import { type PlacedPicture, placed } from "./placing";
import { momentsOf, surround } from "./surround";
import { unpacked } from "./unpack";

export interface OpenDetectionOptions {
  /** Pixels along an edge of the data set's images. */
  side: number;
  decode: DecodeWhole;
  /** Share of the pictures to hold out where the files do not divide the data; 0.15 by default. */
  holdOut?: number;
  seed: number;
  /** What the data set is called; by default its files say, and that they are the visitor's own. */
  name?: string;
  onProgress?: (share: number) => void;
}

/** A data set from files, and what a person should know of how it was read. */
export interface OpenedDetection extends DetectionSet {
  notes: string[];
}

/** Reads files into a data set; every failure is a `DataError` that names the file and says what to do. */
export function openDetection(files: SourceFile[], options: OpenDetectionOptions): Promise<OpenedDetection> {
  const findings = new Findings();
  return findings.explain(() => open(files, options, findings));
}

async function open(files: SourceFile[], options: OpenDetectionOptions, findings: Findings): Promise<OpenedDetection> {
  const { side, seed, holdOut = 0.15, onProgress } = options;
  const found = await findAnnotations(await unpacked(files, findings), findings);
  const parts = divide(pair(found, findings), found.lists, holdOut, seed, findings);
  const count = parts.train.length + parts.test.length;
  requireRoom(count, 3, side);
  let done = 0;
  const tick = () => onProgress?.(++done / count);
  const copies = new Copies(findings);
  const read = (pairs: Pair[], test: boolean) => readPictures(pairs, options, { findings, copies, test }, tick);
  const [train, test] = [await read(parts.train, false), await read(parts.test, true)];
  const classes = taught(found.annotated, train);
  if (test.length === 0) throw new DataError("None of the pictures to hold out can be used.", "Add pictures, or mend those.");
  const moments = momentsOf(train, side);
  for (const picture of [...train, ...test]) surround(picture, side, moments);
  const name = options.name ?? `${topFolder(found.pictures) ?? "Pictures"} (yours)`;
  const split = (pictures: PlacedPicture[]) => splitOf(pictures, classes.classes, findings);
  const set = { name, side, ...classes, moments, train: split(train), test: split(test) };
  assertScorable(set.test);
  return { ...set, id: await idOf(set), notes: findings.notes() };
}

async function readPictures(pairs: Pair[], { side, decode }: OpenDetectionOptions, look: Look, tick: () => void): Promise<PlacedPicture[]> {
  const pictures: PlacedPicture[] = [];
  const files = pairs.map(({ file }) => file);
  const upright = async (bytes: Uint8Array) => ({ ...(await decode(bytes, side)), orientation: orientationOf(bytes) });
  await eachPicture(files, upright, look, (picture, i) => {
    const { annotated, file } = pairs[i];
    const one = picture && placed(annotated, picture, file.path, side, look.findings);
    if (one) pictures.push(one);
    tick();
  });
  return pictures;
}

/** The classes that training pictures have, in the order of the annotations, and their supercategories. */
function taught({ classes, supercategories }: Annotated, train: PlacedPicture[]): Pick<DetectionSet, "classes" | "supercategories"> {
  const there = new Set(train.flatMap(({ objects }) => objects.map(({ name }) => name)));
  const kept = classes.map((name, i) => ({ name, family: supercategories?.[i] })).filter(({ name }) => there.has(name));
  if (kept.length === 0) throw new DataError("No picture to train on has a box.", "Annotate some, or choose other files.");
  requireFewClasses(kept.length, "The choice of files");
  // A class of no family is its own: nothing else is like it.
  const family = (one: (typeof kept)[number]) => (one.family && one.family !== "none" ? one.family : one.name);
  return { classes: kept.map(({ name }) => name), supercategories: kept.map(family) };
}

/** Precision is a mean over classes with objects: without any there is none. */
function assertScorable({ count, truths }: DetectionSplit): void {
  for (let i = 0; i < count; i++) if (truths(i).some(({ crowd, difficult }) => !crowd && !difficult)) return;
  throw new DataError(
    "No held-out picture has a box that counts, of a class that is taught.",
    "Annotate some, or hold out others: a student could not be scored.",
  );
}

function splitOf(pictures: PlacedPicture[], classes: string[], findings: Findings): DetectionSplit {
  const numbers = new Map(classes.map((name, i) => [name, i]));
  const truths = pictures.map(({ objects }) =>
    objects.flatMap(({ name, where, ...truth }): GroundTruth[] => {
      const category = numbers.get(name);
      if (category !== undefined) return [{ category, ...truth }];
      findings.add("Held-out objects of classes that no training picture has, left out", `${where} (${name})`);
      return [];
    }),
  );
  return { count: pictures.length, image: (index) => pictures[index].pixels, truths: (index) => truths[index] };
}

/** Identifies the data by its content: the files may have been renamed or moved. */
function idOf({ side, classes, supercategories, train, test }: Omit<DetectionSet, "id">): Promise<string> {
  const all = [train, test].flatMap((split) =>
    Array.from({ length: split.count }, (_, i) => ({ image: split.image(i), truths: split.truths(i) })),
  );
  const told = JSON.stringify([side, classes, supercategories, train.count, test.count, all.map(({ truths }) => truths)]);
  return digest([new TextEncoder().encode(told), ...all.map(({ image }) => image)]).then((id) => `files-${id}`);
}
