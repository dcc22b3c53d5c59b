/** The images that come with every task that learns from square images of a class each. Teachers for them are a task's own. */
import type { GeneratedSet, Sample } from "./definition";

export const SCENES: GeneratedSet = { about: "one object among clutter; its colour hints at its class" };
export const SHAPES: GeneratedSet = { about: "one object among parts of others; its shape alone tells its class" };

export const FASHION: Sample = {
  name: "Fashion-MNIST",
  about: "6,000 photographs of clothes, and 2,000 held out",
  folder: "fashion-mnist",
  files: ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
};
