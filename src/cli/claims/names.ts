/** A study's cases in the words of the page, for people who have not learned those of the command line. */
import { methodOf, SCHEMA, taskOf } from "../../tasks";

/** What tells a case apart, given as `name=value` words: "Patches the teacher sees 0.5, Chosen by random", "SAMKD", "MaskedKD, no teacher". */
export function caseName(words: string): string {
  const pairs = words.split(" ").map((word) => word.split("=") as [string, string]);
  const { preset } = SCHEMA.fromPairs(pairs).settings;
  return pairs.map(([name, value]) => named(name, value, preset)).join(", ");
}

function named(name: string, value: string, preset: string): string {
  if (name === "preset") return methodOf(preset).label;
  if (name === "row") return taskOf(preset).rows?.[value].label ?? value;
  if (name === "teacher" && value === "none") return "no teacher";
  const [key] = SCHEMA.keysFor(name, preset);
  return `${SCHEMA.setting(key, preset).label} ${value}`;
}
