/** Class names of YOLO data: a text with one per line, or the `names` of a YAML file, as a list or a map by number. */
import { parse } from "yaml";
import { type Findings, UNREADABLE } from "./annotated";
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
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  return { file: path, byNumber: new Map(lines.entries()), keypoints: false };
}

/** All values are taken as typed: "yes", 1.0 and ~ are names like any other. */
function fromYaml(path: string, text: string): ClassNames {
  const value = yaml(path, text);
  const names: unknown = value.names;
  const entries = Array.isArray(names) ? [...names.entries()] : Object.entries(isMap(names) ? names : {});
  const numbered = entries.map(([key, name]): [number, unknown] => [Number(key), name ?? ""]);
  const wrong = numbered.find(([number, name]) => !Number.isSafeInteger(number) || number < 0 || typeof name !== "string");
  if (wrong) throw new DataError(`${path} has names that are not text, or not numbered from 0 on.`, "Write them as 0: name, 1: name.");
  return { file: path, byNumber: new Map(numbered as [number, string][]), keypoints: value.kpt_shape !== undefined };
}

function yaml(path: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = parse(text, { schema: "failsafe", logLevel: "error" });
    return isMap(value) ? value : {};
  } catch (error) {
    const [what] = (error as Error).message.split("\n");
    throw new DataError(`${path} is not readable as YAML: ${what}.`, "Correct it, or leave it out.");
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
