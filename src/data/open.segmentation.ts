/**
 * A visitor's own pictures with masks to a data set: images in one folder, their masks as PNG in another, recognised by the folders'
 * names and paired by the files'. Each picture is fitted into a square, whole, its mask with it. Nothing leaves the machine.
 */
import { Findings } from "./annotated";
import { listKey } from "./annotations";
import { requireRoom } from "./assemble";
import { Copies } from "./copies";
import { DataError } from "./dataset";
import type { DecodeWhole, Fitted } from "./decode";
import { type SourceFile, stem } from "./files";
import { topFolder } from "./images";
import { classesOf, type MaskClasses } from "./maskclasses";
import { findMasks, type MaskPair, pairMasks } from "./maskfolders";
import { AROUND, MaskValues, readMask } from "./masks";
import { divide } from "./pairing";
import { eachPicture, type Look } from "./pictures";
import { IGNORE, type PackedSegmentation, type PackedSplit, segmentationId } from "./segmentation";
import { fitting } from "./square";
import { momentsOf, type Surrounded, surround } from "./surround";
import { contents, unpacked } from "./unpack";

export interface OpenSegmentationOptions {
  /** Pixels along an edge of the data set's images. */
  side: number;
  decode: DecodeWhole;
  /** Share of the pictures to hold out where the files do not divide the data; 0.15 by default. */
  holdOut?: number;
  seed: number;
  onProgress?: (share: number) => void;
}

/** A data set from files, and what a person should know of how it was read. */
export interface OpenedSegmentation extends PackedSegmentation {
  notes: string[];
}

/** A picture on its square, and the places of its mask's values there. */
interface Masked extends Surrounded {
  /** u16 [side, side]. */
  mask: Uint16Array;
  path: string;
}

/** Reads files into a data set; every failure is a `DataError` that names the file and says what to do. */
export function openSegmentation(files: SourceFile[], options: OpenSegmentationOptions): Promise<OpenedSegmentation> {
  const findings = new Findings();
  return findings.explain(() => open(files, options, findings));
}

async function open(files: SourceFile[], options: OpenSegmentationOptions, findings: Findings): Promise<OpenedSegmentation> {
  const { side, seed, holdOut = 0.15, onProgress } = options;
  const found = await findMasks(await unpacked(files, findings), findings);
  const pairs = pairMasks(found, findings);
  // Lists may be of another task's pictures.
  const lists = pairs.some(({ file }) => found.lists?.has(listKey(stem(file.path)))) ? found.lists : undefined;
  const parts = divide(pairs, lists, holdOut, seed, findings);
  const count = parts.train.length + parts.test.length;
  requireRoom(count, 6, side);
  const values = new MaskValues();
  let done = 0;
  const copies = new Copies(findings);
  const tick = () => onProgress?.(++done / count);
  const read = (part: MaskPair[], test: boolean) => readPairs(part, values, options, { findings, copies, test }, tick);
  const [train, test] = [await read(parts.train, false), await read(parts.test, true)];
  requireSome(train, test, pairs);
  const hints = { labels: found.labels, paths: pairs.map(({ mask }) => mask.path) };
  const classes = classesOf(values, placesIn(train), hints, findings);
  const kept = { train: withClasses(train, classes, findings), test: withClasses(test, classes, findings) };
  requireSome(kept.train, kept.test, pairs);
  const moments = momentsOf(kept.train, side);
  for (const picture of [...kept.train, ...kept.test]) surround(picture, side, moments);
  const set = {
    ...{ name: `${topFolder(found.pictures) ?? "Pictures"} (yours)`, side, channels: 3 as const },
    ...{ classes: classes.classes, palette: classes.palette, moments },
    ...{ train: packed(kept.train, classes, side), test: packed(kept.test, classes, side) },
  };
  return { ...set, id: await segmentationId(set), notes: findings.notes() };
}

async function readPairs(
  pairs: MaskPair[],
  values: MaskValues,
  { side, decode }: OpenSegmentationOptions,
  look: Look,
  tick: () => void,
): Promise<Masked[]> {
  const pictures: (Fitted | undefined)[] = [];
  const files = pairs.map(({ file }) => file);
  await eachPicture(
    files,
    (bytes) => decode(bytes, side),
    look,
    (picture) => {
      pictures.push(picture);
      tick();
    },
  );
  const masked: Masked[] = [];
  for (const [i, { file, mask }] of pairs.entries()) {
    const picture = pictures[i];
    if (!picture) continue;
    const { pixels, width, height } = picture;
    const raw = readMask(await contents(mask), mask.path);
    if (raw.width !== width || raw.height !== height) {
      const sizes = `${mask.path} has ${raw.width} x ${raw.height} pixels, ${file.path} ${width} x ${height}`;
      look.findings.add("Masks of another size than their image, left out with it", sizes);
      continue;
    }
    const at = fitting(width, height, side);
    masked.push({ pixels, at, mask: values.fitted(raw, at, side, mask.path), path: mask.path });
  }
  return masked;
}

function requireSome(train: Masked[], test: Masked[], [first]: MaskPair[]): void {
  if (train.length > 0 && test.length > 0) return;
  const which = train.length === 0 ? "to train on" : "to hold out";
  throw new DataError(
    `No picture ${which} is left: masks have other sizes than their images, or nothing but ignored pixels (${first.mask.path}, ...).`,
    "Correct the masks, or choose other files.",
  );
}

function placesIn(pictures: Masked[]): Set<number> {
  const places = new Set<number>();
  for (const { mask } of pictures) for (const place of mask) places.add(place);
  places.delete(AROUND);
  return places;
}

const labelAt = (place: number, { labels }: MaskClasses) => (place === AROUND ? IGNORE : labels[place]);

/** Without the pictures of which nothing could be learned. */
function withClasses(pictures: Masked[], classes: MaskClasses, findings: Findings): Masked[] {
  return pictures.filter(({ mask, path }) => {
    const some = mask.some((place) => labelAt(place, classes) !== IGNORE);
    if (!some) findings.add("Masks of nothing but ignored pixels, left out with their images", path);
    return some;
  });
}

/** Interleaved pictures to planes, places to labels. */
function packed(pictures: Masked[], classes: MaskClasses, side: number): PackedSplit {
  const area = side * side;
  const [images, labels] = [new Uint8Array(3 * pictures.length * area), new Uint8Array(pictures.length * area)];
  for (const [n, { pixels, mask }] of pictures.entries()) {
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) images[(3 * n + c) * area + i] = pixels[3 * i + c];
      labels[n * area + i] = labelAt(mask[i], classes);
    }
  }
  return { count: pictures.length, images, labels };
}
