/** Finds the annotations among files of any kind, by content: COCO JSON before Pascal VOC XML before YOLO text. */
import { type Annotated, type Findings, UNREADABLE } from "./annotated";
import { type CocoFile, isCoco, readCoco } from "./coco";
import { DataError, NotForTask } from "./dataset";
import { baseName, type SourceFile, stem } from "./files";
import { isTestFile } from "./halves";
import { isNamesFile } from "./names";
import { isPictureName, noteUnread, unreadFormat } from "./pictures";
import { decodeText } from "./text";
import { contents } from "./unpack";
import { isVoc, readVoc } from "./voc";
import { readXml, type Xml } from "./xml";
import { isYolo, readYolo, type TextFile } from "./yolo";

/** The files, sorted by what they hold. */
interface Sorted {
  pictures: SourceFile[];
  coco: { path: string; value: CocoFile }[];
  voc: { path: string; xml: Xml }[];
  lists: TextFile[];
  names: TextFile[];
  texts: TextFile[];
  others: string[];
}

export interface FoundAnnotations {
  annotated: Annotated;
  pictures: SourceFile[];
  /** Whether the picture of a name without ending is held out, where lists such as train.txt and val.txt say so. */
  lists?: Map<string, boolean>;
}

const FORMATS = "Choose a folder or zip with pictures and their boxes as COCO JSON, Pascal VOC XML or YOLO text.";
/** Text files that name the pictures of a part, one per line. */
export const LIST = /^(train|trainval|val|valid|validation|test)\.txt$/i;

/** Reads the annotations. Throws a DataError where there are none, or a file is broken. */
export async function findAnnotations(files: SourceFile[], findings: Findings): Promise<FoundAnnotations> {
  const sorted = await sort(files, findings);
  const { pictures, lists } = sorted;
  if (sorted.coco.length > 0) return { pictures, annotated: fromCoco(sorted, findings) };
  if (sorted.voc.length > 0) return { pictures, annotated: fromVoc(sorted, findings), lists: readLists(lists) };
  const labels = labelsOf(sorted, findings);
  if (labels.length > 0) return { pictures, annotated: await readYolo(labels, sorted.names, findings), lists: readLists(lists) };
  throw nothing(sorted);
}

async function sort(files: SourceFile[], findings: Findings): Promise<Sorted> {
  const sorted: Sorted = { pictures: [], coco: [], voc: [], lists: [], names: [], texts: [], others: [] };
  for (const file of files) await findings.without(UNREADABLE, () => sortOne(file, sorted, findings));
  return sorted;
}

async function sortOne(file: SourceFile, sorted: Sorted, findings: Findings): Promise<void> {
  const { path } = file;
  const text = async () => decodeText(await contents(file), path);
  if (isPictureName(path)) sorted.pictures.push(file);
  else if (/\.json$/i.test(path)) sortJson(path, await text(), sorted);
  else if (/\.xml$/i.test(path)) sortXml(path, await text(), sorted);
  else if (LIST.test(baseName(path))) sorted.lists.push({ path, text: await text() });
  else if (isNamesFile(path)) sorted.names.push({ path, text: await text() });
  else if (/\.txt$/i.test(path)) sorted.texts.push({ path, text: await text() });
  else if (unreadFormat(path)) noteUnread(file, findings);
  else sorted.others.push(path);
}

function sortJson(path: string, source: string, { coco, others }: Sorted): void {
  const value = parsed(source, path);
  if (isCoco(value)) coco.push({ path, value });
  else others.push(path);
}

function parsed(source: string, path: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new DataError(`${path} is not readable as JSON: ${(error as Error).message}.`, "Export it again, or leave it out.");
  }
}

function sortXml(path: string, source: string, { voc, others }: Sorted): void {
  const xml = readXml(source, path);
  if (isVoc(xml)) voc.push({ path, xml });
  else others.push(path);
}

/** All files as one. Where some are called instances, as COCO's own are, the others are about key points and the like. */
function fromCoco({ coco, voc }: Sorted, findings: Findings): Annotated {
  for (const { path } of voc) findings.add("Pascal VOC files, left out since there is COCO JSON", path);
  const instances = coco.filter(({ path }) => /^instances/i.test(baseName(path)));
  const used = instances.length > 0 ? instances : coco;
  for (const one of coco) if (!used.includes(one)) findings.add("COCO files beside the instances, left out", one.path);
  const read = used.map(({ path, value }) => ({ path, ...readCoco(value, path, findings) }));
  const families = new Map(read.flatMap(({ classes, supercategories }) => classes.map((name, i) => [name, supercategories?.[i] ?? ""])));
  return {
    format: read[0].format,
    classes: [...families.keys()],
    supercategories: [...families.values()],
    pictures: read.flatMap(({ path, pictures }) => pictures.map((picture) => (isTestFile(path) ? { ...picture, test: true } : picture))),
  };
}

function fromVoc({ voc, texts }: Sorted, findings: Findings): Annotated {
  for (const { path, text } of texts) if (isYolo(text)) findings.add("YOLO files, left out since there is Pascal VOC", path);
  return readVoc(voc, findings);
}

/** The texts beside pictures, and those of nothing but numbers; none of them if no text is lines of YOLO. */
function labelsOf({ texts, pictures }: Sorted, findings: Findings): TextFile[] {
  const stems = new Set(pictures.map(({ path }) => stem(path)));
  const labels = texts.filter(({ path, text }) => stems.has(stem(path)) || isYolo(text));
  if (labels.some(({ text }) => isYolo(text))) return labels;
  for (const { path } of labels) findings.add("Texts beside pictures that hold no lines of class, x, y, width and height", path);
  return [];
}

/** How a list's word for a picture is compared: by its name without ending, in one Unicode form, in whatever case. */
export const listKey = (name: string): string => name.normalize("NFC").toLowerCase();

/** Lists name pictures with or without folders and endings. What is both in a held-out list and in another is held out. */
export function readLists(lists: TextFile[]): Map<string, boolean> | undefined {
  if (lists.length === 0) return undefined;
  const parts = new Map<string, boolean>();
  for (const { path, text } of lists) {
    const held = isTestFile(path);
    for (const line of text.split("\n").map((line) => line.trim())) {
      const name = listKey(isPictureName(line) ? stem(line) : baseName(line));
      if (name) parts.set(name, held || (parts.get(name) ?? false));
    }
  }
  return parts;
}

function nothing({ pictures, others, texts }: Sorted): DataError {
  const [first] = [...pictures.map(({ path }) => path), ...texts.map(({ path }) => path), ...others];
  if (!first) return new NotForTask("There are no boxes among the chosen files.", FORMATS);
  const xml = others.find((path) => /\.xml$/i.test(path));
  if (xml) return new NotForTask(`${xml} holds no Pascal VOC annotation, and there are no others.`, FORMATS);
  return new NotForTask(`There are no boxes among the chosen files (${first}, ...).`, FORMATS);
}
