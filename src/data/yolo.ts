/** YOLO text: beside every picture a file of its name, a line for every object: class, centre and size as shares of the picture. */
import type { Annotated, AnnotatedObject, AnnotatedPicture, Findings } from "./annotated";
import { DataError } from "./dataset";

/** A text file, read. */
export interface TextFile {
  path: string;
  text: string;
}

/** Names of files that name the classes. */
const NAMES = /(^|\/)(classes\.txt|[^/]*\.names|[^/]*\.ya?ml)$/i;

export const isNamesFile = (path: string): boolean => NAMES.test(path);

/** Whether a text holds nothing but lines of numbers, at least five each. */
export function isYolo(text: string): boolean {
  const lines = linesOf(text);
  return lines.length > 0 && lines.every(({ words }) => words.length >= 5 && words.every((word) => Number.isFinite(Number(word))));
}

/** Reads label files, with the class names that others hold. A line that is no object is left out and noted. */
export function readYolo(files: TextFile[], namesFiles: TextFile[], findings: Findings): Annotated {
  const names = readNames(namesFiles);
  const numbers = new Set<number>();
  const pictures = files.map(({ path, text }): AnnotatedPicture => {
    const objects = linesOf(text).flatMap(({ words, line }): AnnotatedObject[] => {
      const said = readLine(words);
      if (!said) {
        findings.add("Lines that are not class, x, y, width and height, left out", `${path} line ${line}`);
        return [];
      }
      numbers.add(said.number);
      return [{ category: nameOf(said.number, names, path), box: said.box, relative: true, row: `line ${line}` }];
    });
    return { names: [path.replace(/\.txt$/i, "")], file: path, objects };
  });
  const classes = names?.list ?? [...numbers].sort((a, b) => a - b).map(String);
  return { format: "YOLO text", classes, pictures };
}

/** The words of every line that has any, with the line's number. */
function linesOf(text: string): { words: string[]; line: number }[] {
  const all = text.split("\n").map((line, i) => ({ words: line.trim().split(/\s+/), line: i + 1 }));
  return all.filter(({ words }) => words[0] !== "");
}

/** A class number and corners in shares; undefined where the words say something else. */
function readLine(words: string[]): { number: number; box: readonly [number, number, number, number] } | undefined {
  const [number, x, y, width, height, ...more] = words.map(Number);
  if (more.length > 0 || ![number, x, y, width, height].every(Number.isFinite) || !Number.isInteger(number) || number < 0) return undefined;
  return { number, box: [x - width / 2, y - height / 2, x + width / 2, y + height / 2] };
}

interface Names {
  file: string;
  list: string[];
}

function nameOf(number: number, names: Names | undefined, path: string): string {
  if (!names) return String(number);
  const name = names.list[number];
  if (name !== undefined) return name;
  const what = `${path} has an object of class ${number}, but ${names.file} names ${names.list.length} classes, from 0 on.`;
  throw new DataError(what, "Add the missing names, or leave the file of names out.");
}

/** The class names, from the first file that has any: one per line, or the `names` of a YAML file. */
function readNames(files: TextFile[]): Names | undefined {
  for (const { path, text } of files) {
    const list = /\.ya?ml$/i.test(path) ? yamlNames(text) : text.split(/\r?\n/).map((line) => line.trim());
    while (list.at(-1) === "") list.pop();
    if (list.length > 0) return { file: path, list };
  }
  return undefined;
}

/** `names: [a, b]`, or below `names:` lines "- a" or "0: a"; not the whole of YAML. */
function yamlNames(text: string): string[] {
  const [, inline, block = ""] = /^names:[ \t]*(?:\[([^\]]*)\]|((?:\r?\n(?:[ \t]+|- ).*)+))/m.exec(text) ?? [];
  const names: string[] = [];
  for (const entry of inline?.split(",") ?? block.split("\n")) {
    const [, number, said] = /^\s*(?:-|(\d+)\s*:)?\s*(.*?)\s*(?:\s#.*)?$/.exec(entry) ?? [];
    const name = said?.replace(/^(["'])(.*)\1$/, "$2");
    if (name) names[number === undefined ? names.length : Number(number)] = name;
  }
  return names;
}
