/** What people call the numbers or colours of their masks: text files that name them, and two sets that everybody knows. */
import { DataError } from "./dataset";
import type { Rgb } from "./segmentation";

export interface MaskLabel {
  name: string;
  /** The number in the masks: stated, or the line's, from 0. */
  number: number;
  /** The colour in the masks, where one is stated. */
  colour?: Rgb;
}

export interface MaskLabels {
  /** The file that says so. */
  file: string;
  labels: MaskLabel[];
}

const FILE = /(^|\/)(labels?|classes|class_names|label_names|names|label_?colou?rs|label_?map|class_dict|objectInfo150)\.(txt|csv)$/i;

export const isMaskLabels = (path: string): boolean => FILE.test(path);

const COMMENT = /^(#|\/\/)/;
/** The first line of a table. */
const HEADER = /^(idx\b|name\W+r\W+g\W+b\b|r\W+g\W+b\b|class\W+r\b)/i;
/** Three numbers that nothing but spaces, commas or semicolons part. */
const COLOUR = /(?<![\d.])(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})(?![\d.])/;
/** A line of ADE20K's objectInfo150.txt: number, share, two counts, whether it is stuff, name. */
const ADE = /^(\d+)\t[\d.]+\t\d+\t\d+\t\d\t(.+)$/;
const ENDS = /^[\s,;:."']+|[\s,;:."']+$/g;

/**
 * A class for each line: "sky", "3 sky", "128 128 128 sky", "sky 128 128 128", "sky,128,128,128" or "sky:128,128,128::" as CVAT
 * writes it. Throws a DataError naming the line that has a colour and no name, or a number that another line has.
 */
export function readMaskLabels(text: string, file: string): MaskLabels {
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), where: `${file} line ${i + 1}` }));
  const said = lines.filter(({ line }, i) => line !== "" && !COMMENT.test(line) && !(i === 0 && HEADER.test(line)));
  const labels = said.map(({ line, where }, i) => readLine(line, i, where));
  const seen = new Set<number>();
  const twice = labels.findIndex(({ number }) => seen.size === seen.add(number).size);
  if (twice >= 0) throw new DataError(`${said[twice].where} gives the number ${labels[twice].number} a second name.`, "Correct the file.");
  return { file, labels };
}

/** Longer than this is no name, and to search it takes a time that grows with the square of its length. */
const MOST_LETTERS = 1000;

function readLine(line: string, index: number, where: string): MaskLabel {
  if (line.length > MOST_LETTERS)
    throw new DataError(`${where} has ${line.length} letters.`, "Write a class in each line, or leave it out.");
  const ade = ADE.exec(line);
  if (ade) return { number: Number(ade[1]), name: ade[2].split(/[,;]/)[0].trim() };
  const found = COLOUR.exec(line)?.slice(1).map(Number);
  const colour = found?.every((value) => value <= 255) ? (found as Rgb) : undefined;
  const rest = (colour ? line.replace(COLOUR, " ") : line).replace(ENDS, "");
  const numbered = /^(\d+)[\s,;:.]+(.+)$/.exec(rest);
  const name = (numbered?.[2] ?? rest).replace(ENDS, "");
  if (name === "") throw new DataError(`${where} has a colour and no name.`, 'Write a name behind it, such as "128 64 128 road".');
  return { name, number: numbered ? Number(numbered[1]) : index, ...(colour && { colour }) };
}

/** A name that says that such pixels are not to count. */
export const isVoid = (name: string): boolean => /^(void|ignored?|unlabel+ed|don'?t care)$/i.test(name);

/** Pascal VOC's classes, by their number in its masks. */
export const VOC_CLASSES = [
  ...["background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"],
  ...["diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"],
];
