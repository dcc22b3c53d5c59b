/** Class names of YOLO data: a text with one per line, or the `names` of a YAML file, as a list or a map by number. */
import { type Document, isScalar, LineCounter, parseDocument, YAMLMap } from "yaml";
import { classNamed, type Findings, UNREADABLE } from "./annotated";
import { DataError } from "./dataset";
import type { TextFile } from "./yolo";

export interface ClassNames {
  /** The file that says so. */
  file: string;
  byNumber: Map<number, string>;
  /** Whether label lines hold key points behind the box, as the YAML file says. */
  keypoints: boolean;
}

/** Names of files that name the classes. */
const NAMES = /(^|\/)(classes\.txt|_darknet\.labels|[^/]*\.names|[^/]*\.ya?ml)$/i;

export const isNamesFile = (path: string): boolean => NAMES.test(path);

/** The class names, from the first file that has any; what cannot be read as YAML is noted. */
export async function readNames(files: TextFile[], findings: Findings): Promise<ClassNames | undefined> {
  for (const file of files) {
    const read = await findings.without(UNREADABLE, () => namesIn(file));
    if (read && read.byNumber.size > 0) return read;
  }
  return undefined;
}

function namesIn({ path, text }: TextFile): ClassNames {
  if (/\.ya?ml$/i.test(path)) return fromYaml(path, text);
  const lines = text.split(/\r?\n/).map((line) => classNamed(line.trim()));
  while (lines.at(-1) === "") lines.pop();
  return { file: path, byNumber: new Map(lines.entries()), keypoints: false };
}

/** All values are taken as typed: "yes", 1.0 and ~ are names like any other. */
function fromYaml(path: string, text: string): ClassNames {
  const value = yaml(path, text);
  const names: unknown = value.names;
  const entries = Array.isArray(names) ? [...names.entries()] : Object.entries(isMap(names) ? names : {});
  const numbered = entries.map(([key, name]): [number, unknown] => [
    Number(key),
    typeof name === "string" ? classNamed(name.trim()) : (name ?? ""),
  ]);
  const wrong = numbered.find(([number, name]) => !Number.isSafeInteger(number) || number < 0 || typeof name !== "string");
  if (wrong) throw new DataError(`${path} has names that are not text, or not numbered from 0 on.`, "Write them as 0: name, 1: name.");
  return { file: path, byNumber: new Map(numbered as [number, string][]), keypoints: value.kpt_shape !== undefined };
}

/** Longer or deeper than this is no file of names, and the parser would take seconds for it, or the whole stack. */
const [MOST_LETTERS, MAX_DEPTH] = [100_000, 100];
const TOO_DEEP = `values lie in one another more than ${MAX_DEPTH} deep`;

function yaml(path: string, text: string): Record<string, unknown> {
  const refuse = (what: string): never => {
    throw new DataError(`${path} is not readable as YAML: ${what}.`, "Correct it, or leave it out.");
  };
  if (text.length > MOST_LETTERS) refuse(`it has ${text.length} letters, more than ${MOST_LETTERS}`);
  if (depthOf(text) > MAX_DEPTH) refuse(TOO_DEEP);
  // Errors in words and the search for equal keys take a time that grows with the square of the length.
  const lines = new LineCounter();
  const document = parsedOrDeep(text, lines) ?? refuse(TOO_DEEP);
  const [error] = document.errors;
  if (error) refuse(`${error.message.split("\n")[0]} (line ${lines.linePos(error.pos[0]).line})`);
  const twice = twiceIn(document.get("names"));
  if (twice !== undefined) refuse(`it names class ${twice} twice`);
  try {
    const value: unknown = document.toJS();
    return isMap(value) ? value : {};
  } catch (error) {
    return refuse((error as Error).message.split("\n")[0]);
  }
}

/** What the parser makes of it; undefined where its stack is full: in a bracket left open each "key:" lies in the one before. */
function parsedOrDeep(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, { schema: "failsafe", logLevel: "error", prettyErrors: false, uniqueKeys: false, lineCounter });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** How deep brackets, or marks of lists at the beginning of a line, may lie in one another at most. */
function depthOf(text: string): number {
  let [open, deepest] = [0, 0];
  for (const letter of text) {
    if (letter === "[" || letter === "{") deepest = Math.max(deepest, ++open);
    else if (letter === "]" || letter === "}") open = Math.max(0, open - 1);
  }
  const marks = text.split("\n").map((line) => (/^[-?:\s]*/.exec(line)![0].match(/[-?:]/g) ?? []).length);
  return marks.reduce((most, count) => Math.max(most, count), deepest);
}

/** A key that a map has twice. */
function twiceIn(map: unknown): string | undefined {
  const keys = map instanceof YAMLMap ? map.items.map(({ key }) => String(isScalar(key) ? key.value : "")) : [];
  const seen = new Set<string>();
  return keys.find((key) => seen.size === seen.add(key).size);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
