/** How generated data are named: from its id a set can be made again. Apart from what paints them, which a page needs later or never. */

/** Of so many pictures or sounds to learn from and to hold out, drawn by a seed; `side` in pixels, or in mel bands. */
export interface GeneratedOptions {
  side: number;
  train: number;
  test: number;
  seed: number;
}

export interface Ids {
  /** What identifies the set of these options. */
  idOf(options: Omit<GeneratedOptions, "side"> & { side?: number }): string;
  /** The options that an id was made from; undefined when it is not one of this kind. */
  optionsOf(id: string): GeneratedOptions | undefined;
}

/** Ids that begin with the name of their kind; `usual` is the side where none is given. */
function idsOf(kind: string, usual: number): Ids {
  const pattern = new RegExp(`^${kind}-(\\d+)-(\\d+)-(\\d+)-(\\d+)$`);
  return {
    idOf: ({ side = usual, train, test, seed }) => `${kind}-${side}-${train}-${test}-${seed}`,
    optionsOf(id) {
      const [, side, train, test, seed] = pattern.exec(id)?.map(Number) ?? [];
      return side ? { side, train, test, seed } : undefined;
    },
  };
}

export const SCENES = idsOf("scenes", 32);
export const SHAPES = idsOf("scenes-shapes", 32);
export const DETECTION_SCENES = idsOf("scenes-detection", 128);
export const SEGMENTATION_SCENES = idsOf("scenes-segmentation", 64);
export const SOUNDS = idsOf("sounds", 32);
