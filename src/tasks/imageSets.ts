/** The images that come with every task that learns from square images of a class each. Teachers for them are a task's own. */
import type { GeneratedSet, HubSet, Sample } from "./task";

export const SCENES: GeneratedSet = { about: "one object among clutter; its colour hints at its class" };
export const SHAPES: GeneratedSet = { about: "one object among parts of others; its shape alone tells its class" };

export const FASHION: Sample = {
  name: "Fashion-MNIST",
  about: "6,000 photographs of clothes, and 2,000 held out",
  folder: "fashion-mnist",
  files: ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
};

/** Of sets that are sorted by class, rows from all over are taken. */
export const HUB_IMAGES: readonly HubSet[] = [
  { name: "CIFAR-10", about: "60,000 pictures of 32 px, 10 classes", word: "hf:uoft-cs/cifar10/plain_text/train,test:5000,1000" },
  { name: "CIFAR-100", about: "60,000 pictures of 32 px, 100 classes", word: "hf:uoft-cs/cifar100/cifar100/train,test:10000,2000" },
  {
    name: "Imagenette",
    about: "13,394 photographs of 160 px, 10 classes",
    word: "hf:frgfm/imagenette/160px/train,validation:2000,500,spread",
  },
  { name: "Oxford Pets", about: "7,349 photographs, 37 breeds", word: "hf:timm/oxford-iiit-pet/default/train,test:2000,500,spread" },
  { name: "Beans", about: "1,295 photographs of leaves, 3 classes", word: "hf:AI-Lab-Makerere/beans/default/train,test:1034,128" },
  { name: "Food-101", about: "101,000 photographs, 101 dishes", word: "hf:ethz/food101/default/train,validation:2000,500,spread" },
];
