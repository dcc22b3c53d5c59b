/** Pictures that are made when they are first read. */

/** Made pictures kept in memory, per split. */
const KEPT_BYTES = 2 ** 28;

/**
 * Makes picture `index` when it is first read and keeps it, `bytes` long, as far as there is room: training comes back
 * to it every epoch. What is made must be a function of the index alone.
 */
export function lazily<T>(make: (index: number) => T, bytes: number): (index: number) => T {
  const kept = new Map<number, T>();
  return (index) => {
    const known = kept.get(index);
    if (known) return known;
    const made = make(index);
    if ((kept.size + 1) * bytes <= KEPT_BYTES) kept.set(index, made);
    return made;
  };
}
