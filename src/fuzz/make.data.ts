/** Small data sets as folders: pictures with classes, with boxes, with masks, and numbers in IDX and CIFAR; one file of them changed. */

import type { SourceFile } from "../data/files";
import { cifarBytes, file, idxBytes, textFile } from "../data/files.fixture";
import type { Draws } from "./draws";
import { gzipped, somePath } from "./make.archives";
import { plainPng, somePicture, somePng } from "./make.pictures";
import { mutatedBytes } from "./mutate.bytes";
import { mutatedJson } from "./mutate.json";
import { encoded, mutatedText } from "./mutate.text";
import { TEXTS } from "./odd";

/** Bytes as they are, or changed. */
const perhaps = (bytes: Uint8Array, draws: Draws, share = 0.7) => (draws.chance(share) ? mutatedBytes(bytes, draws) : bytes);

/** A text file, changed and in some encoding. */
const oddText = (path: string, text: string, draws: Draws) => file(path, encoded(mutatedText(text, draws), draws));

const textOrOdd = (path: string, text: string, draws: Draws) => (draws.chance(0.5) ? oddText(path, text, draws) : textFile(path, text));

export function someNumbers(draws: Draws): SourceFile[] {
  const count = 4 + draws.below(4);
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const pixels = Array.from({ length: count * 12 }, (_, i) => i & 255);
  const packed = (path: string, bytes: Uint8Array) => {
    const changed = perhaps(bytes, draws, 0.5);
    return draws.chance(0.3) ? file(`${path}.gz`, gzipped(changed, draws)) : file(path, changed);
  };
  if (draws.chance(0.6)) {
    const dims = draws.chance(0.3) ? [count, 2, 2, 3] : [count, 3, 4];
    return [packed("train-images-idx3-ubyte", idxBytes(dims, pixels)), packed("train-labels-idx1-ubyte", idxBytes([count], labels))];
  }
  const records = labels.map((label) => (draws.chance(0.5) ? [label] : [label, label]));
  const names = textOrOdd("cifar/fine_label_names.txt", "apple\nbear\n", draws);
  return [packed("cifar/data_batch_1.bin", cifarBytes(records.map(() => records[0]))), names];
}

/** Class folders, some paths odd, some pictures damaged, perhaps a list of classes as Tiny ImageNet has it. */
export function someFolders(draws: Draws): SourceFile[] {
  const picture = (path: string, i: number) => {
    const [, bytes] = draws.chance(0.3) ? somePicture(draws) : ["png", plainPng(40 * i)];
    return file(draws.chance(0.1) ? somePath(draws) : path, perhaps(bytes, draws, 0.15));
  };
  const files = ["cat", "dog"].flatMap((name, c) =>
    [0, 1, 2].map((i) => picture(`pets/${draws.pick(["", "train/"])}${name}/${i}.png`, 3 * c + i)),
  );
  if (draws.chance(0.3))
    files.push(file("pets/val/images/v.png", plainPng(9)), textOrOdd("pets/val/val_annotations.txt", "v.png\tcat\t0\t0\t1\t1\n", draws));
  return files;
}

const pictures = (folder: string, count = 3) => Array.from({ length: count }, (_, i) => file(`${folder}${i}.png`, plainPng(50 * i)));

const COCO = {
  images: [0, 1, 2].map((id) => ({ id, file_name: `${id}.png`, width: 6, height: 4 })),
  categories: [
    { id: 1, name: "bird", supercategory: "animal" },
    { id: 7, name: "boat", supercategory: "vehicle" },
  ],
  annotations: [
    { id: 1, image_id: 0, category_id: 1, bbox: [1, 1, 3, 2], area: 6, iscrowd: 0 },
    { id: 2, image_id: 1, category_id: 7, segmentation: [[0, 0, 4, 0, 4, 3, 0, 3]] },
    { id: 3, image_id: 2, category_id: 1, segmentation: { size: [4, 6], counts: [5, 3, 16] } },
    { id: 4, image_id: 2, category_id: 7, segmentation: { size: [4, 6], counts: "53P1" }, iscrowd: 1 },
  ],
};

export function someCoco(draws: Draws): SourceFile[] {
  const json = draws.chance(0.8) ? mutatedJson(COCO, draws) : mutatedText(JSON.stringify(COCO), draws);
  return [...pictures("set/"), file("set/instances_train.json", encoded(json, draws))];
}

const VOC = (i: number) => `<?xml version="1.0" encoding="utf-8"?>
<annotation>
  <folder>JPEGImages</folder><filename>${i}.png</filename>
  <size><width>6</width><height>4</height><depth>3</depth></size>
  <!-- two objects -->
  <object><name>bird</name><difficult>0</difficult><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>3</ymax></bndbox></object>
  <object><name>b&amp;b<![CDATA[ & ]]></name><bndbox><xmin>0</xmin><ymin>0</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object>
</annotation>
`;

export function someVoc(draws: Draws): SourceFile[] {
  const xml = [0, 1].map((i) => textFile(`set/Annotations/${i}.xml`, VOC(i)));
  const lists = draws.chance(0.3)
    ? [textOrOdd("set/ImageSets/Main/train.txt", "0\n1\n", draws), textFile("set/ImageSets/Main/val.txt", "2\n")]
    : [];
  return [...pictures("set/JPEGImages/"), ...xml, oddText("set/Annotations/2.xml", VOC(2), draws), ...lists];
}

const YAML = `path: ../set # where
train: images/train
nc: 2
names:
  0: bird
  1: "boat"
kpt_shape: [3, 3]
`;
const NAMES: [path: string, text: string][] = [
  ["set/data.yaml", YAML],
  ["set/data.yaml", "names: [bird, boat]\n"],
  ["set/data.yaml", "base: &a {0: bird, 1: boat}\nnames: *a\n"],
  ["set/data.yaml", "names: {0: bird, 1: boat}\nval: |\n  text\n"],
  ["set/classes.txt", "bird\nboat\n"],
];

export function someYolo(draws: Draws): SourceFile[] {
  const lines = "0 0.5 0.5 0.5 0.5\n1 0.2 0.2 0.1 0.1 0.9\n1 0 0 0.5 0 0.5 0.5 0 0.5\n";
  const [path, names] = draws.pick(NAMES);
  const labels = [0, 1].map((i) => textFile(`set/labels/${i}.txt`, lines));
  return [...pictures("set/images/"), ...labels, textOrOdd("set/labels/2.txt", lines, draws), textOrOdd(path, names, draws)];
}

const CLASSES: [path: string, text: string][] = [
  ["set/classes.txt", "sky\nroad\n"],
  ["set/labels.txt", "# r g b\n0 0 0 void\n1 1 1 sky\n128 64 128 road\n"],
  ["set/label_colors.txt", "sky:1,1,1::\nroad:0,0,0::\n"],
  ["set/class_dict.csv", "name,r,g,b\nsky,0,0,0\nroad,1,1,1\n"],
  ["set/objectInfo150.txt", "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\t0.1\t10\t1\t1\twall, fence\n"],
];

export function someMasks(draws: Draws): SourceFile[] {
  const kind = somePng(draws);
  const masks = [0, 1, 2].map((i) => file(`set/masks/${i}.png`, i === 0 ? perhaps(kind, draws, 0.4) : kind));
  const [path, names] = draws.pick(CLASSES);
  const odd = draws.chance(0.1) ? [file(`set/masks/${draws.pick(TEXTS)}.png`, kind)] : [];
  return [...pictures("set/images/"), ...masks, ...odd, ...(draws.chance(0.6) ? [textOrOdd(path, names, draws)] : [])];
}
