/** From the values in masks to classes: which values count, in what order, and what they are called. */
import type { Findings } from "./annotated";
import { DataError } from "./dataset";
import { isVoid, type MaskLabel, type MaskLabels, VOC_CLASSES } from "./masklabels";
import { type MaskValues, rgbOf } from "./masks";
import { IGNORE, MAX_MASK_CLASSES, type Rgb, vocPalette } from "./segmentation";

export interface MaskClasses {
  classes: string[];
  palette: Rgb[];
  /** Label of each place of `MaskValues`; `IGNORE` for what is no class. */
  labels: Uint8Array;
}

/** What the data as a whole says of itself. */
export interface MaskHints {
  /** Files that name classes. */
  labels: MaskLabels[];
  /** Paths of all masks. */
  paths: string[];
}

/** What `MaskValues` found. */
type Values = Pick<MaskValues, "values" | "files" | "shown" | "coloured">;

/** A value that counts, and what is known of it. */
interface Known {
  place: number;
  value: number;
  name: string;
  colour?: Rgb;
  /** Where it stands among the classes: a number as it is, a colour by the line that names it, else by its value. */
  order: number;
}

/**
 * The classes that masks to train on show (`trained`: their places), in the order of their numbers, or of their colours' lines or
 * values. Throws a DataError where there are fewer than two or too many.
 */
export function classesOf(found: Values, trained: ReadonlySet<number>, hints: MaskHints, findings: Findings): MaskClasses {
  const values = isGrey(found) ? asNumbers(found) : found;
  const all = values.values.map((value, place) => ({ value, place }));
  const ignored = ignoredValues(values, hints, findings);
  const named = all.filter(({ value }) => !ignored.has(value)).flatMap((one) => known(one, values, hints, findings));
  const shown = named.filter(({ place }) => trained.has(place)).sort((a, b) => a.order - b.order);
  // Values of one name are one class.
  const taught = [...new Map(shown.toReversed().map((one) => [one.name, one])).values()].sort((a, b) => a.order - b.order);
  requireClasses(taught, values);
  noteGaps(taught, values, findings);
  const colours = vocPalette(taught.length);
  const numbers = new Map(taught.map(({ name }, label) => [name, label]));
  const labels = new Uint8Array(all.length).fill(IGNORE);
  for (const { name, place } of named) {
    labels[place] = numbers.get(name) ?? IGNORE;
    if (!numbers.has(name))
      findings.add("Classes that no mask to train on shows, ignored in held-out ones", `${name} in ${values.files[place]}`);
  }
  return { classes: taught.map(({ name }) => name), palette: taught.map(({ colour }, label) => colour ?? colours[label]), labels };
}

/** 255 counts for none, as in VOC, and 65535 where 16 bits hold larger numbers; but masks of 0 and 255 alone show two classes. */
function ignoredValues(values: Values, hints: MaskHints, findings: Findings): Set<number> {
  if (values.coloured) return new Set();
  const largest = Math.max(...values.values);
  if (isTwoTone(values)) {
    findings.add("Masks of 0 and 255 alone, read as background and foreground", values.files[0]);
    return new Set();
  }
  const none = new Set([largest > IGNORE ? 0xffff : IGNORE]);
  if (isAde(hints) && values.values.includes(0)) {
    findings.add("ADE20K's 0 stands for no class and is ignored", values.files[values.values.indexOf(0)]);
    none.add(0);
  }
  return none;
}

const isTwoTone = ({ values, coloured }: Values) => !coloured && String(values.toSorted((a, b) => a - b)) === "0,255";

/** ADE20K's scene parsing: annotations/training beside its table of names, or below a folder of its name. */
function isAde({ paths, labels }: MaskHints): boolean {
  const listed = labels.some(({ file }) => /objectInfo150/i.test(file));
  return paths.every((path) => /(^|\/)annotations\/(training|validation)\//i.test(path) && (listed || /ADE/.test(path)));
}

/** VOC: its folder, its colours, and numbers that are its classes'. */
function isVoc({ values, shown, coloured }: Values, { paths }: MaskHints): boolean {
  const own = vocPalette(VOC_CLASSES.length);
  const inFolder = paths.every((path) => /(^|\/)SegmentationClass\//.test(path));
  const numbers = !coloured && values.every((value) => value < VOC_CLASSES.length || value === IGNORE);
  return inFolder && numbers && values.every((value) => value === IGNORE || String(shown.get(value)) === String(own[value]));
}

/** A value with its name; nothing where files say that it is no class, or know the other colours and not this one. */
function known(one: Pick<Known, "place" | "value">, values: Values, hints: MaskHints, findings: Findings): Known[] {
  const { place, value } = one;
  const shown = values.coloured ? rgbOf(value) : values.shown.get(value);
  const { file, label } = labelOf(value, shown, values, hints);
  if (!label && file && values.coloured) {
    findings.add(`Colours that ${file} does not name, ignored`, `${hex(value)} in ${values.files[place]}`);
    return [];
  }
  const name = label?.name ?? usualName(value, values, hints);
  if (isVoid(name)) {
    findings.add("Classes that are not to count by their name, ignored", name);
    return [];
  }
  const order = values.coloured && label ? label.number : value;
  return [{ place, value, name, colour: label?.colour ?? shown, order }];
}

/** The line of a file of names about a value: by its colour where lines have colours, else by its number. */
function labelOf(value: number, shown: Rgb | undefined, { coloured }: Values, { labels }: MaskHints): { file?: string; label?: MaskLabel } {
  const withColours = labels.find((one) => one.labels.some(({ colour }) => colour));
  const byColour = shown && withColours?.labels.find(({ colour }) => String(colour) === String(shown));
  if (coloured || byColour) return { file: withColours?.file, label: byColour };
  const [first] = labels;
  return { file: first?.file, label: first?.labels.find(({ number }) => number === value) };
}

function usualName(value: number, values: Values, hints: MaskHints): string {
  if (values.coloured) return hex(value);
  if (isTwoTone(values)) return value === 0 ? "background" : "foreground";
  return isVoc(values, hints) ? VOC_CLASSES[value] : `class ${value}`;
}

/** Numbers saved as colours: red, green and blue are the same everywhere. */
const isGrey = ({ values, coloured }: Values) => coloured && values.every((value) => value === (value & 255) * 0x10101);

function asNumbers({ values, files }: Values): Values {
  const numbers = values.map((value) => value & 255);
  return { values: numbers, files, shown: new Map(numbers.map((n) => [n, [n, n, n]])), coloured: false };
}

const hex = (value: number) => `#${value.toString(16).padStart(6, "0")}`;

function requireClasses(taught: Known[], { files }: Values): void {
  if (taught.length > MAX_MASK_CLASSES)
    throw new DataError(`The masks show ${taught.length} classes; ${MAX_MASK_CLASSES} are the limit.`, "Merge some.");
  if (taught.length > 1) return;
  const which = taught[0] ? `only ${taught[0].name}` : "no class at all";
  throw new DataError(`The masks to train on show ${which} (${files[0]}, ...).`, "Add masks that show two classes or more.");
}

/** Numbers that are not 0, 1, 2, ... become so: people expect to find their own numbers in the result. */
function noteGaps(taught: Known[], values: Values, findings: Findings): void {
  if (values.coloured || isTwoTone(values)) return;
  for (const [label, { value, name }] of taught.entries()) {
    if (value !== label)
      findings.add("Numbers of classes that are not counted from 0 without gaps, renumbered", `${value} (${name}) became ${label}`);
  }
}
