/**
 * Inputs that nobody would make, for everything that reads what comes from outside:
 *
 *   npm run -s fuzz -- --seconds 60 --seed 1 --json
 *
 * Each input begins as a whole file that is made here, and is then changed: bits, numbers, lengths, types, depth. Only errors for people
 * (EngineError and its kinds) may come of it, within two seconds of the processor and within memory in proportion to the input. Same seed, same inputs: a
 * finding names seed, reader and iteration, and `--only READER --from ITERATION --count 1` repeats it. Exit status 1 if anything was found.
 */
import { EngineError } from "../engine/errors";
import { type Finding, fuzz, type Options } from "./watch";

const USAGE = "npm run fuzz -- [--seconds N] [--seed S] [--only READER] [--from ITERATION] [--count N] [--json]";
const NUMBERS = ["seconds", "seed", "from", "count"] as const;
const USUAL_SECONDS = 60;

export async function main(argv: string[]): Promise<number> {
  const { json, ...options } = readWords(argv);
  const kinds = new Map<string, number>();
  const tally = await fuzz(options, (finding) => {
    const kind = kindOf(finding);
    const times = (kinds.get(kind) ?? 0) + 1;
    kinds.set(kind, times);
    // One of a kind is enough to mend it.
    if (times === 1) console.log(json ? JSON.stringify(finding) : told(finding));
  });
  if (!json) for (const [kind, times] of kinds) if (times > 1) console.log(`${times} times: ${kind}`);
  console.log(
    json
      ? JSON.stringify({ final: true, ...tally })
      : Object.entries(tally)
          .map(([name, n]) => `${name} ${n}`)
          .join(", "),
  );
  return tally.raw + tally.hangs > 0 ? 1 : 0;
}

/** Findings of one kind differ in numbers and names only. */
const kindOf = ({ reader, kind, what }: Finding) => `${reader} ${kind} ${what.replace(/"[^"]*"|'[^']*'|[\d.-]+/g, "*").slice(0, 200)}`;

const told = ({ reader, seed, iteration, kind, what }: Finding) =>
  `${kind}: ${reader}: ${what}\n  again: npm run -s fuzz -- --seed ${seed} --only ${reader} --from ${iteration} --count 1`;

function readWords(argv: string[]): Options & { json: boolean } {
  const options: Options = { seed: 1 };
  const words = argv.flatMap((word) => word.split(/=(.*)/s).slice(0, 2)).filter((word) => word !== "--json");
  for (let i = 0; i < words.length; i += 2) {
    const [key, value] = [words[i].replace(/^--/, ""), words[i + 1]];
    const numeric = NUMBERS.find((one) => one === key);
    if (numeric) options[numeric] = numberOf(key, value);
    else if (key === "only" && value !== undefined) options.only = value;
    else throw new EngineError(`Cannot read "${words[i]}".`, USAGE);
  }
  const bounded = options.seconds !== undefined || options.count !== undefined;
  return { ...options, ...(!bounded && { seconds: USUAL_SECONDS }), json: argv.includes("--json") };
}

function numberOf(key: string, text: string | undefined): number {
  const value = Number(text ?? "");
  if (text?.trim() && Number.isFinite(value) && value >= 0 && (key === "seconds" || Number.isSafeInteger(value))) return value;
  throw new EngineError(`--${key} cannot be "${text ?? ""}".`, USAGE);
}
