/** Numbers as people read them. */

const significant = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 0.4567 as "45.7 %". */
export function percent(rate: number): string {
  return `${(100 * rate).toFixed(1).replace(/\.0$/, "")} %`;
}

/** A space at which no line ends. */
export const NO_BREAK = "\u00a0";

/** A text in which no line begins with a percent sign. */
export const unbroken = (text: string): string => text.replaceAll(" %", `${NO_BREAK}%`);

/** A difference of rates: 0.034 as "3.4 points". */
export function points(rate: number): string {
  return `${(100 * rate).toFixed(1)} points`;
}

/** A difference with its sign: "+1.2" or "−0.3". */
export function signed(value: number, digits = 1): string {
  const size = Math.abs(value).toFixed(digits);
  return Number(size) === 0 ? size : `${value < 0 ? "−" : "+"}${size}`;
}

/** The ends of an interval of differences: "−0.3 to +2.7". */
export const reach = (ends: readonly number[], digits = 1): string => ends.map((end) => signed(end, digits)).join(" to ");

/** Three digits that count: 0.001, 1.25, 12,300. */
export function short(value: number): string {
  return Math.abs(value) >= 1000 ? whole.format(value) : significant.format(value);
}

const SCALES = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
] as const;

/** 12 300 000 as "12.3 M". */
export function scaled(value: number): string {
  const [size, letter] = SCALES.find(([size]) => value >= size) ?? [1, ""];
  return `${significant.format(value / size)} ${letter}`.trim();
}

export function bytes(value: number): string {
  return `${significant.format(value / 2 ** 20)} MiB`;
}

export function milliseconds(value: number): string {
  return value >= 10_000 ? `${significant.format(value / 1000)} s` : `${significant.format(value)} ms`;
}

/** 12345 as "12,345". */
export function count(value: number): string {
  return whole.format(value);
}

/** Seconds as "40 s", "3 min", "5 h" or "2 days". */
export function duration(seconds: number): string {
  const [unit, name] = UNITS.find(([, , until]) => seconds < until)!;
  return `${Math.round(seconds / unit)} ${name}`;
}

const UNITS: [seconds: number, name: string, until: number][] = [
  [1, "s", 90],
  [60, "min", 90 * 60],
  [3600, "h", 36 * 3600],
  [24 * 3600, "days", Number.POSITIVE_INFINITY],
];

/** How long ago a moment was, in milliseconds since 1970. One that a clock, which has since been set, puts into the future was just now. */
export const age = (at: number): string => (Date.now() - at < 1000 ? "just now" : `${duration((Date.now() - at) / 1000)} ago`);
