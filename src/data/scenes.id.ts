/** How generated pictures are named; apart from what paints them, which a page needs later or never. */

export interface ScenesOptions {
  /** Pixels along an edge; as the kind usually has it by default. */
  side?: number;
  /** Number of training and of held-out pictures. */
  train: number;
  test: number;
  seed: number;
}

/** Names of a kind of pictures whose usual side is given. */
function named(kind: string, usual: number) {
  const form = new RegExp(`^${kind}-(\\d+)-(\\d+)-(\\d+)-(\\d+)$`);
  return {
    /** What identifies a set of them. */
    idOf: ({ side = usual, train, test, seed }: ScenesOptions): string => `${kind}-${side}-${train}-${test}-${seed}`,
    /** The options that an id was made from; undefined when it is not one of these. */
    ofId(id: string): (ScenesOptions & { side: number }) | undefined {
      const [, side, train, test, seed] = form.exec(id)?.map(Number) ?? [];
      return side ? { side, train, test, seed } : undefined;
    },
  };
}

export const { idOf: scenesId, ofId: scenesOfId } = named("scenes", 32);
export const { idOf: shapeScenesId, ofId: shapeScenesOfId } = named("scenes-shapes", 32);
export const { idOf: detectionScenesId, ofId: detectionScenesOfId } = named("scenes-detection", 128);
export const { idOf: segmentationScenesId, ofId: segmentationScenesOfId } = named("scenes-segmentation", 64);
