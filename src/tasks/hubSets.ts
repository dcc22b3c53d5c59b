/** Data sets of the Hub that many distil on. Loaded when they are wanted. */
import type { HubSet } from "./definition";

/** Of sets that are sorted by class, rows from all over are taken. */
export const IMAGES: readonly HubSet[] = [
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

export const BOXES: readonly HubSet[] = [
  { name: "CPPE-5", about: "1,029 photographs of protective equipment with boxes, 5 classes", word: "hf:rishitdagli/cppe-5:500,29" },
];
