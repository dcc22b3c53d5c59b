/** Words of the command line: settings as `key=value`, the command's own keys, `--json`. */
import { EngineError } from "../engine/errors";
import type { Settings } from "../settings/run";
import { SCHEMA } from "../tasks";

export interface Arguments {
  settings: Settings;
  /** Those of them that were typed and would else be measured. */
  given: string[];
  /** The command's own keys. */
  rest: Record<string, string>;
  json: boolean;
}

const WORD = /^(?:--)?([a-zA-Z][\w.-]*)=(.*)$/s;

/** Reads `key=value` words and `--json`. `own` names the command's own keys. Throws on anything else. */
export function readArguments(argv: readonly string[], own: readonly string[]): Arguments {
  const pairs: [string, string][] = [];
  const rest: Record<string, string> = {};
  for (const word of argv) {
    if (word === "--json") continue;
    const [, key, value] = WORD.exec(word) ?? [];
    if (key === undefined) throw new EngineError(`Cannot read "${word}".`, "Write key=value, or --json.");
    if (own.includes(key)) rest[key] = value;
    // "teacher" names a file or none; that there is none is a setting too.
    if (!own.includes(key) || (key === "teacher" && value === "none")) pairs.push([key, value]);
  }
  const { settings, problems, given } = SCHEMA.fromPairs(pairs);
  if (problems.length)
    throw new EngineError(problems.join(" "), `Settings: ${[...own, ...Object.keys(SCHEMA.of(settings.preset))].join(", ")}.`);
  return { settings, given, rest, json: argv.includes("--json") };
}

/** Prints rows: as JSON, or as words without what has parts of its own. */
export function printer(json: boolean): (row: object) => void {
  const flat = (row: object) => Object.entries(row).filter(([, value]) => value === null || typeof value !== "object");
  return (row) => console.log(json ? JSON.stringify(row) : flat(row).flat().join(" "));
}

/** Numbers to four digits behind the point, below whatever holds them. */
export function rounded<T>(value: T): T {
  if (typeof value === "number") return (Math.round(1e4 * value) / 1e4) as T;
  if (Array.isArray(value)) return value.map(rounded) as T;
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, rounded(part)])) as T;
  return value;
}
