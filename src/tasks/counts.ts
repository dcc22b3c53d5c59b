/** Counting, in numbers and in words. */

/** How often each class occurs among labels. */
export function countsOf(classes: string[], labels: ArrayLike<number>): Record<string, number> {
  const counts = new Array<number>(classes.length).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]]++;
  return Object.fromEntries(classes.map((name, i) => [name, counts[i]]));
}

/** "1 block", "2 blocks". */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
