/** What pages of tasks that learn from square images of a class each have in common. */
import { scenesId, scenesOfId, shapeScenesId, shapeScenesOfId } from "../../data/scenes.id";
import type { TaskPage } from "./page";

/** Files that can be read, usual sides, and how generated images are named. */
export const IMAGE_DATA: Pick<TaskPage, "formats" | "sides" | "generated"> = {
  formats: [
    "A folder, or a zip or tar of one, with a folder of images per class: PNG, JPEG, WebP, GIF, BMP, AVIF of any size.",
    "IDX images with their labels, as MNIST comes, gzipped or not.",
    "CIFAR-10 and CIFAR-100, binary version.",
    "Folders or files called train, test, val or the like keep their parts; otherwise 15 % of each class is held out.",
  ],
  sides: [32, 48],
  generated: {
    idOf: ({ set, ...options }) => (set === "shapes" ? shapeScenesId(options) : scenesId(options)),
    optionsOf(id) {
      const shapes = shapeScenesOfId(id);
      return shapes ? { set: "shapes", ...shapes } : scenesOfId(id);
    },
  },
};

/** Half the 95 % interval of a share: images are named right or wrong independently of each other, so it is binomial. */
export const binomialMargin = (share: number, images: number): number => 1.96 * Math.sqrt((share * (1 - share)) / images);
