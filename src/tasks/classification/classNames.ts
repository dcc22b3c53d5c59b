/** Which of a network's classes are those of a data set, by their names. */
import { few } from "../names";
import type { Network } from "../vitNetwork";

/** For each class of the data the row of the head that stands for it. */
export type Rows = number[];

/** The rows, or what is wrong with the network, to be read behind its name, and what a person can do that mends it. */
export type Matched = { rows: Rows } | { wrong: string; remedy?: string };

type Asked = Pick<Network, "config" | "classes" | "aliases">;

/**
 * Looks up each class of the data among the network's: by its name as it is; else whatever its case and with spaces for
 * underscores and hyphens; else among the synonyms of a class, which ImageNet's names have with commas between. What a person
 * says a class is called there is looked up instead, a name or its number: published files name two of ImageNet's classes "crane".
 * A network whose file does not name its classes has to have as many.
 */
export function matched({ config, classes: known, aliases = {} }: Asked, wanted: string[]): Matched {
  if (config.classes === 0) return { wrong: "has no head, so it names no classes" };
  if (!known) {
    if (config.classes === wanted.length) return { rows: wanted.map((_, i) => i) };
    return { wrong: `knows ${config.classes} classes, whose names its file does not say; this data has ${wanted.length}` };
  }
  const found = wanted.map((name) => (Object.hasOwn(aliases, name) ? said(known, aliases[name]) : candidates(known, name)));
  const missing = wanted.filter((_, i) => found[i].length === 0);
  if (missing.length === wanted.length) return { wrong: `knows none of this data's classes (${few(wanted)}), only ${few(known)}` };
  if (missing.length > 0) return { wrong: `does not know all of this data's classes: ${few(missing)} ${isOrAre(missing)} missing` };
  const vague = found.findIndex((rows) => rows.length > 1);
  if (vague >= 0) return severalFor(wanted[vague], found[vague], known);
  const rows = found.flat();
  const twice = rows.findIndex((row, i) => rows.indexOf(row) !== i);
  if (twice >= 0) return { wrong: `has one class, "${known[rows[twice]]}", for two of this data's` };
  return { rows };
}

function severalFor(name: string, rows: Rows, known: string[]): Matched {
  return {
    wrong: `has several classes for "${name}": ${few(rows.map((row) => `"${known[row]}" (#${row})`))}`,
    remedy: `Say which it is: aliases=${name}:#${rows[0]}, or "${name}: #${rows[0]}" among the classes that it calls otherwise.`,
  };
}

/** Rows of what a person says: a name, or a number behind "#". Names of the data are no numbers, even where they look so. */
function said(known: string[], name: string): Rows {
  const rows = candidates(known, name);
  const number = /^#(\d+)$/.exec(name)?.[1];
  return rows.length || number === undefined || Number(number) >= known.length ? rows : [Number(number)];
}

/** Rows of the classes that a name may mean. */
function candidates(known: string[], name: string): Rows {
  const same = where(known, (other) => other === name);
  if (same.length) return same;
  const [plain, plains] = [plainly(name), known.map(plainly)];
  const alike = where(plains, (other) => other === plain);
  return alike.length ? alike : where(plains, (other) => other.split(", ").includes(plain));
}

const where = (names: string[], fits: (name: string) => boolean): Rows => names.flatMap((name, i) => (fits(name) ? i : []));
const plainly = (name: string) =>
  name
    .normalize("NFC")
    .toLowerCase()
    .replace(/[\s_-]+/g, " ")
    .trim();
const isOrAre = ({ length }: string[]) => (length === 1 ? "is" : "are");
