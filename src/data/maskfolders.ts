/** Finds pictures and their masks among files of any kind, by the names of folders, and pairs them by the names of files. */
import type { Findings } from "./annotated";
import { LIST, readLists } from "./annotations";
import { DataError } from "./dataset";
import { baseName, foldersOf, type SourceFile, stem } from "./files";
import { isTestFolder } from "./halves";
import { isMaskLabels, type MaskLabels, readMaskLabels } from "./masklabels";
import type { Said } from "./pairing";
import { isPictureName } from "./pictures";
import { decodeText } from "./text";
import { contents } from "./unpack";

export interface FoundMasks {
  pictures: SourceFile[];
  masks: SourceFile[];
  /** Files that name classes. */
  labels: MaskLabels[];
  /** Whether the picture of a name without ending is held out, where lists such as train.txt and val.txt say so. */
  lists?: Map<string, boolean>;
}

/** A picture and its mask. */
export interface MaskPair extends Said {
  mask: SourceFile;
}

const FORMATS = "Choose a folder or zip with images in one folder (images) and their masks as PNG, of the same names, in another (masks).";

const MASK_WORD = /^(masks?|labels?|annots?|annotations?|segmentations?|segmentationclass(raw|aug)?|seg|gt|groundtruth|targets?)$/i;
const IMAGE_WORD = /^(images?|imgs?|jpegimages|pictures|photos|inputs?)$/i;
const PART_WORD = /^(train(ing)?|trainval)$/i;
/** VOC's masks of single objects: numbers of objects, not of classes. */
const OBJECTS = /(^|\/)SegmentationObject\//i;
/** What the name of a mask may have that its picture's has not. */
const MASK_SUFFIX = /[_-](masks?|labels?|labelids|seg|segmentation|gt|annotation|l)$/i;

/** Sorts pictures, masks, lists and files of names. Throws a DataError where there are no masks, or a file of names is broken. */
export async function findMasks(files: SourceFile[], findings: Findings): Promise<FoundMasks> {
  const found: FoundMasks = { pictures: [], masks: [], labels: [] };
  const lists: SourceFile[] = [];
  const pictures = files.filter(({ path }) => isPictureName(path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const stems = new Set(pictures.map(({ path }) => besides(path)));
  for (const file of pictures) {
    if (OBJECTS.test(file.path)) findings.add("Masks of single objects, left out", file.path);
    else if (isMask(file.path, stems)) found.masks.push(file);
    else found.pictures.push(file);
  }
  for (const file of files) {
    if (isMaskLabels(file.path)) found.labels.push(readMaskLabels(await text(file), file.path));
    else if (LIST.test(baseName(file.path))) lists.push(file);
  }
  if (found.masks.length === 0) throw nothing(found, files);
  return { ...found, lists: await listsOf(lists) };
}

const text = async (file: SourceFile) => decodeText(await contents(file), file.path);

/** A file's path without its ending. */
const besides = (path: string) => path.replace(/\.[^./]*$/, "");

function isMask(path: string, stems: Set<string>): boolean {
  const role = foldersOf(path)
    .map(roleOf)
    .findLast((one) => one !== undefined);
  const bare = besides(path);
  return role === "mask" || (role === undefined && MASK_SUFFIX.test(bare) && stems.has(bare.replace(MASK_SUFFIX, "")));
}

/** The words of a folder's name: "train_labels", "trainannot". */
const wordsOf = (folder: string) => folder.replace(/annot$/i, "_annot").split(/[_\-. ]+/);
const isRole = (word: string) => MASK_WORD.test(word) || IMAGE_WORD.test(word);
const isPart = (word: string) => PART_WORD.test(word) || isTestFolder([word]);

/** What a folder holds, if its name is such a word, alone or with the word for a part: "my-segmentation" is not. */
function roleOf(folder: string): "mask" | "image" | undefined {
  const words = wordsOf(folder).filter((word) => word !== "");
  if (!words.some(isRole) || !words.every((word) => isRole(word) || isPart(word))) return undefined;
  return words.some((word) => MASK_WORD.test(word)) ? "mask" : "image";
}

/** A file's folders without what says image or mask: those of a picture and its mask are the same. */
function placeOf(path: string): string[] {
  return foldersOf(path).flatMap((folder) => (roleOf(folder) ? wordsOf(folder).filter(isPart) : [folder]));
}

/** VOC lists its segmentation apart from its other tasks. */
async function listsOf(files: SourceFile[]): Promise<FoundMasks["lists"]> {
  const own = files.filter(({ path }) => /(^|\/)Segmentation\/[^/]*$/i.test(path));
  const used = own.length > 0 ? own : files;
  return readLists(await Promise.all(used.map(async (file) => ({ path: file.path, text: await text(file) }))));
}

function nothing({ pictures }: FoundMasks, files: SourceFile[]): DataError {
  const [first] = [...pictures, ...files];
  if (!first) return new DataError("There are no files to read.", FORMATS);
  return new DataError(`There are no masks among the chosen files (${first.path}, ...).`, FORMATS);
}

/** Pairs pictures with masks of the same name in the same place, else of that name alone. What has no partner is left out and noted. */
export function pairMasks({ pictures, masks }: FoundMasks, findings: Findings): MaskPair[] {
  const index = indexed(masks);
  const taken = new Map<SourceFile, SourceFile>();
  const pairs = pictures.flatMap((file): MaskPair[] => {
    const mask = partner(file, index);
    if (!mask) {
      findings.add("Images without a mask, left out", file.path);
      return [];
    }
    const other = taken.get(mask);
    if (other) throw new DataError(`${other.path} and ${file.path} both belong to ${mask.path}.`, "Remove one of the two images.");
    taken.set(mask, file);
    const test = isTestFolder([...placeOf(file.path), ...placeOf(mask.path)]);
    return [{ file, mask, annotated: { file: mask.path, ...(test && { test }) } }];
  });
  for (const mask of masks) if (!taken.has(mask)) findings.add("Masks without an image, left out", mask.path);
  if (pairs.length > 0) return pairs;
  const [image, mask] = [pictures[0]?.path ?? "there is none", masks[0].path];
  throw new DataError(`No image has the name of a mask (first image: ${image}, first mask: ${mask}).`, FORMATS);
}

/** Masks by what their picture may be called. */
function indexed(masks: SourceFile[]): Map<string, SourceFile[]> {
  const index = new Map<string, SourceFile[]>();
  for (const file of masks) {
    for (const name of new Set([stem(file.path), stem(file.path).replace(MASK_SUFFIX, "")])) {
      if (!index.has(name)) index.set(name, []);
      index.get(name)!.push(file);
    }
  }
  return index;
}

function partner({ path }: SourceFile, index: Map<string, SourceFile[]>): SourceFile | undefined {
  const named = index.get(stem(path)) ?? [];
  const place = placeOf(path).join("/");
  const near = named.filter((mask) => placeOf(mask.path).join("/") === place);
  const found = near.length > 0 ? near : named;
  if (found.length < 2) return found[0];
  throw new DataError(`${found[0].path} and ${found[1].path} could both be the mask of ${path}.`, "Keep one mask for each image.");
}
