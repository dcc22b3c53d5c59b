/**
 * YOLO text: beside every picture a file of its name, a line for every object: class, centre and size as shares of the
 * picture, perhaps a confidence; or class and the corners of an outline, of which the enclosing box is taken.
 * Source: docs.ultralytics.com/datasets, "detect", "segment", "obb" and "pose".
 */
import type { Box } from "../geometry/boxes";
import type { Annotated, AnnotatedObject, AnnotatedPicture, Findings } from "./annotated";
import { DataError } from "./dataset";
import { type ClassNames, readNames } from "./names";
import { enclosing } from "./outline";

/** A text file, read. */
export interface TextFile {
  path: string;
  text: string;
}

/** Whether a text holds nothing but lines of numbers, at least five each. */
export function isYolo(text: string): boolean {
  const lines = linesOf(text);
  return lines.length > 0 && lines.every(({ words }) => words.length >= 5 && words.every((word) => Number.isFinite(Number(word))));
}

/** Reads label files, with the class names that others hold. A line that is no object is left out and noted. */
export async function readYolo(files: TextFile[], namesFiles: TextFile[], findings: Findings): Promise<Annotated> {
  const names = await readNames(namesFiles, findings);
  const numbers = new Set<number>();
  const pictures = files.map(({ path, text }): AnnotatedPicture => {
    const objects = linesOf(text).flatMap(({ words, line }): AnnotatedObject[] => {
      const said = readLine(words.map(Number), names?.keypoints ?? false);
      if (!said) {
        findings.add("Lines that are not class, x, y, width and height, nor class and an outline, left out", `${path} line ${line}`);
        return [];
      }
      numbers.add(said.number);
      return [{ category: nameOf(said.number, names, path), box: said.box, relative: true, row: `line ${line}` }];
    });
    return { names: [path.replace(/\.txt$/i, "")], file: path, objects };
  });
  const all = (names ? [...names.byNumber.keys()] : [...numbers]).sort((a, b) => a - b);
  // Two numbers of one name are one class.
  const classes = [...new Set(all.map((number) => names?.byNumber.get(number) ?? String(number)))];
  return { format: "YOLO text", classes, pictures };
}

/** The words of every line that has any, with the line's number. */
function linesOf(text: string): { words: string[]; line: number }[] {
  const all = text.split("\n").map((line, i) => ({ words: line.trim().split(/\s+/), line: i + 1 }));
  return all.filter(({ words }) => words[0] !== "");
}

/** A class number and corners in shares; undefined where the numbers say something else. */
function readLine([number, ...values]: number[], keypoints: boolean): { number: number; box: Box } | undefined {
  if (!Number.isSafeInteger(number) || number < 0 || !values.every(Number.isFinite) || values.length < 4) return undefined;
  if (keypoints || values.length <= 5 || arePosed(values)) return { number, box: around(values) };
  // An outline is of whole points; what is left over behind it is a confidence.
  const points = values.slice(0, values.length - (values.length % 2));
  return { number, box: enclosing(points) };
}

/** Whether key points follow a box, each x, y and whether it is seen: 0, 1 or 2. */
function arePosed(values: number[]): boolean {
  return (values.length - 4) % 3 === 0 && values.slice(4).every((value, i) => i % 3 < 2 || [0, 1, 2].includes(value));
}

function around([x, y, width, height]: number[]): Box {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

function nameOf(number: number, names: ClassNames | undefined, path: string): string {
  if (!names) return String(number);
  const name = names.byNumber.get(number);
  if (name) return name;
  const { file, byNumber } = names;
  const what =
    name === undefined
      ? `${path} has an object of class ${number}, but ${file} names ${byNumber.size} classes, from 0 on.`
      : `${path} has an object of class ${number}, whose name in ${file} is empty.`;
  throw new DataError(what, "Add the missing names, or leave the file of names out.");
}
