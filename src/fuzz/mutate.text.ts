/** Changes to texts: numbers and words replaced by odd ones, lines moved and repeated, long runs, deep nesting; and other encodings. */
import type { Draws } from "./draws";
import { NESTS, NUMBERS, RUNS, TEXTS } from "./odd";

/** Longest run that is put in: what takes time that grows with its square shows at this length. */
const MOST_RUN = 60_000;

type Change = (text: string, draws: Draws) => string;

/** The text with one to three changes. */
export function mutatedText(text: string, draws: Draws): string {
  const changes = 1 + draws.below(3);
  let changed = text;
  for (let i = 0; i < changes; i++) changed = draws.pick(CHANGES)(changed, draws);
  return changed;
}

const CHANGES: readonly Change[] = [number, number, number, word, word, run, nest, dropLine, repeatLine, swapLines, cut, odd];

/** One of the places where the pattern matches, replaced; unchanged where there is none. */
function replaced(text: string, pattern: RegExp, draws: Draws, by: string): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { index, 0: old } = draws.pick(found);
  return text.slice(0, index) + by + text.slice(index + old.length);
}

function number(text: string, draws: Draws): string {
  return replaced(text, /-?\d+(\.\d+)?/g, draws, draws.pick(NUMBERS));
}

function word(text: string, draws: Draws): string {
  return replaced(text, /\p{L}+/gu, draws, draws.pick(draws.chance(0.2) ? NUMBERS : TEXTS));
}

function put(text: string, draws: Draws, what: string): string {
  const at = draws.below(text.length + 1);
  return text.slice(0, at) + what + text.slice(at);
}

function run(text: string, draws: Draws): string {
  const of = draws.pick(RUNS);
  return put(text, draws, of.repeat(Math.ceil(draws.magnitude(MOST_RUN) / of.length)));
}

function nest(text: string, draws: Draws): string {
  const of = draws.pick(NESTS);
  return put(text, draws, of.repeat(Math.ceil(draws.magnitude(MOST_RUN) / of.length)));
}

function odd(text: string, draws: Draws): string {
  return put(text, draws, draws.pick(TEXTS));
}

function cut(text: string, draws: Draws): string {
  return text.slice(0, draws.below(text.length + 1));
}

function withLines(text: string, change: (lines: string[]) => string[]): string {
  return change(text.split("\n")).join("\n");
}

function dropLine(text: string, draws: Draws): string {
  return withLines(text, (lines) => lines.toSpliced(draws.below(lines.length), 1));
}

function repeatLine(text: string, draws: Draws): string {
  return withLines(text, (lines) => {
    const at = draws.below(lines.length);
    const times = Math.min(draws.magnitude(20_000), Math.ceil(MOST_RUN / (1 + lines[at].length)));
    return lines.toSpliced(at, 0, ...Array.from({ length: times }, () => lines[at]));
  });
}

function swapLines(text: string, draws: Draws): string {
  return withLines(text, (lines) => {
    const [a, b] = [draws.below(lines.length), draws.below(lines.length)];
    return lines.with(a, lines[b]).with(b, lines[a]);
  });
}

/** The bytes of a text, now and then in an encoding other than UTF-8. */
export function encoded(text: string, draws: Draws): Uint8Array {
  if (draws.chance(0.9)) return new TextEncoder().encode(text);
  const [encoding, mark] = draws.pick([
    ["utf16le", "\uFEFF"],
    ["utf16le", ""],
    ["latin1", ""],
    ["utf8", "\uFEFF"],
  ] as const);
  return Uint8Array.from(Buffer.from(mark + text, encoding));
}
