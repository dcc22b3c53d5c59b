/** How the axes of every chart look. */
export const AXIS = { stroke: "var(--muted)", tick: { fontSize: 11, fill: "var(--muted)" }, tickLine: false } as const;

/** Tenths of a round number that steps between ticks are, the roundest first. */
const ROUND = [
  [1, 2, 2.5, 5],
  [1.2, 1.5, 3, 4, 6, 8],
];
const PARTS = [5, 4, 3, 2];

/** Steps from the first to the last planned one, all as far apart and round, in so many parts at most; undefined where there are none such. */
export function evenSteps(total: number, most: number): number[] | undefined {
  const whole = PARTS.filter((parts) => parts <= most && Number.isInteger(total / parts));
  const [parts] = ROUND.flatMap((mantissas) => whole.filter((parts) => mantissas.includes(mantissaOf(total / parts))));
  return parts === undefined ? undefined : Array.from({ length: parts + 1 }, (_, i) => (i * total) / parts);
}

const mantissaOf = (value: number): number => Number(value.toExponential().split("e")[0]);
