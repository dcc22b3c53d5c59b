/** How generated sounds are named; apart from what makes them, which a page needs later or never. */

export interface GeneratedSounds {
  /** Mel bands; they do not change the sounds. */
  side: number;
  train: number;
  test: number;
  seed: number;
}

/** What identifies a set of generated sounds. */
export function soundsIdOf({ side, train, test, seed }: GeneratedSounds): string {
  return `sounds-${side}-${train}-${test}-${seed}`;
}

/** The options that an id was made from; undefined when it is not one of these. */
export function soundsOfId(id: string): GeneratedSounds | undefined {
  const [, side, train, test, seed] = /^sounds-(\d+)-(\d+)-(\d+)-(\d+)$/.exec(id)?.map(Number) ?? [];
  return side ? { side, train, test, seed } : undefined;
}
