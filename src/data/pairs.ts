/** IDX comes as pairs of files, images and labels, that only their names tie together. */
import { type Part, squaredAll } from "./assemble";
import { DataError } from "./dataset";
import { baseName } from "./files";
import { isTestFile } from "./halves";
import type { Idx } from "./idx";

/** An IDX file that has been read. */
export interface IdxFile {
  path: string;
  idx: Idx;
}

type ImagesFile = { path: string; idx: Extract<Idx, { kind: "images" }> };
type LabelsFile = { path: string; idx: Extract<Idx, { kind: "labels" }> };

const FASHION = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/** Each images file with its labels, made square. */
export function pairParts(files: IdxFile[], side: number): Part[] {
  const images = files.filter((file): file is ImagesFile => file.idx.kind === "images");
  const labels = files.filter((file): file is LabelsFile => file.idx.kind === "labels");
  if (images.length === 0)
    throw new DataError(`${labels[0].path} holds labels only.`, "Choose the images file that belongs to it as well.");
  const lonely = images.length === 1 && labels.length === 1;
  return images.map((file) => {
    const partner = lonely ? labels[0] : labels.find((other) => key(other.path) === key(file.path));
    if (!partner) {
      const what = `${file.path} has no labels file.`;
      throw new DataError(
        what,
        `Choose "${baseName(file.path)
          .replace(/images?/i, "labels")
          .replace("idx3", "idx1")}" as well.`,
      );
    }
    return part(file, partner, side);
  });
}

/** What an IDX collection is called, and its labels, by the names of its files. */
export function idxNames(parts: Part[]): { name: string; className: (label: number) => string } {
  const word = parts.map((part) => /[a-z]*[-_ ]?mnist/i.exec(part.file)?.[0]).find(Boolean);
  const ten = parts.every(({ labels, count }) =>
    Array.from({ length: count }, (_, i) => labels[i]).every((label) => label < FASHION.length),
  );
  if (/fashion/i.test(word ?? "") && ten) return { name: "Fashion-MNIST", className: (label) => FASHION[label] };
  return { name: word?.toUpperCase() ?? "IDX images", className: String };
}

/** The same for both files of a pair: the path without the words for images and labels. */
function key(path: string): string {
  return path
    .toLowerCase()
    .replace(/\.gz$/, "")
    .replace(/(images?|labels?)(?!.*\/)/, "*")
    .replace(/idx\d/, "");
}

function part({ path, idx }: ImagesFile, partner: LabelsFile, side: number): Part {
  const { count, channels, height, width, planes } = idx;
  if (partner.idx.values.length !== count) {
    const what = `${path} holds ${count} images, but ${partner.path} ${partner.idx.values.length} labels.`;
    throw new DataError(what, "Choose the two files that belong together.");
  }
  const images = squaredAll(planes, count, channels, height, width, side);
  return { file: path, test: isTestFile(path), channels, count, labels: partner.idx.values, images };
}
