/** The data that comes with the program, by name; a visitor's own comes through `open.ts`. */
import type { Dataset } from "./dataset";
import { type ScenesOptions, scenes } from "./scenes";

/** A source of data that needs no files. */
export interface DataSource {
  label: string;
  description: string;
  /** Sizes it is meant for, for someone who chooses none. */
  defaults: { side: number; train: number; test: number };
  make(options: ScenesOptions): Dataset;
}

export const SOURCES: Record<string, DataSource> = {
  scenes: {
    label: "Scenes",
    description:
      "Generated pictures: one of twelve shapes, of any texture, size and turn and in a colour that only hints at which, among clutter. Where the object is, is known exactly.",
    defaults: { side: 32, train: 12_000, test: 2_400 },
    make: scenes,
  },
};
