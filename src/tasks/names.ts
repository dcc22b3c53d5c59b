/** Lists of class names, compared and told. */

/** Data sets have names composed (NFC); files and kept data of earlier versions may have them as they were written. */
const composed = (names: readonly string[]) => names.map((name) => name.normalize("NFC"));

/** Whether they are the same names in the same order. Joined they could be the same and be others: "a,b" and "a", "b". */
export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  const others = composed(b);
  return a.length === b.length && composed(a).every((name, i) => name === others[i]);
}

export const few = (names: readonly string[]): string =>
  names.slice(0, 3).join(", ") + (names.length > 3 ? `, ... (${names.length} in all)` : "");

/** How a network's classes differ from those of the data, to be read behind its name. */
export function otherNames(its: readonly string[], ours: readonly string[]): string {
  const [known, wanted] = [composed(its), composed(ours)];
  const extra = known.filter((name) => !wanted.includes(name));
  const missing = wanted.filter((name) => !known.includes(name));
  const differing = [extra.length > 0 && `only it knows ${few(extra)}`, missing.length > 0 && `it does not know ${few(missing)}`];
  const how = differing.filter(Boolean).join(", and ") || "they are in another order";
  return `knows the classes ${few(known)}; this data has ${few(wanted)}: ${how}`;
}
