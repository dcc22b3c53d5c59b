/** Lists of class names, compared and told. */

/** Whether they are the same names in the same order. Joined they could be the same and be others: "a,b" and "a", "b". */
export const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);

export const few = (names: readonly string[]): string =>
  names.slice(0, 3).join(", ") + (names.length > 3 ? `, ... (${names.length} in all)` : "");

/** How a network's classes differ from those of the data, to be read behind its name. */
export function otherNames(known: readonly string[], wanted: readonly string[]): string {
  const extra = known.filter((name) => !wanted.includes(name));
  const missing = wanted.filter((name) => !known.includes(name));
  const differing = [extra.length > 0 && `only it knows ${few(extra)}`, missing.length > 0 && `it does not know ${few(missing)}`];
  const how = differing.filter(Boolean).join(", and ") || "they are in another order";
  return `knows the classes ${few(known)}; this data has ${few(wanted)}: ${how}`;
}
