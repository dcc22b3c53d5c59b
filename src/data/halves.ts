/** Words by which names of folders and files say that something is to be trained on or is held out. */
import { baseName, foldersOf } from "./files";

export type Half = "train" | "test";

/** As a word of a name, alone or with what the half is of, a number behind it or not: "val2017", "seg_test", "trainset". */
const word = (words: string) => new RegExp(`^(?:${words})(?:set|data|images?|imgs?)?\\d*$`);
const TRAIN = word("train(?:ing)?|trainval");
const TEST = word("tests?|testing|t10k|val|valid|validation|dev|eval|evaluation|holdout");
const UNKNOWN = word("pred|predict|prediction|unlabell?ed");
const FILLER = /^(set|data|images?|imgs?|\d*)$/;

const wordsOf = (name: string) =>
  name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);

/** Which half a name stands for; undefined where it says neither, or both. */
export function halfOf(name: string): Half | undefined {
  const words = wordsOf(name);
  const [train, test] = [TRAIN, TEST].map((half) => words.some((one) => half.test(one)));
  if (train === test) return undefined;
  return train ? "train" : "test";
}

/** Whether a folder of that name divides the data rather than naming a class; that of pictures to predict does so too. */
export const isHalf = (name: string): boolean => halfOf(name) !== undefined || wordsOf(name).some((one) => UNKNOWN.test(one));

/** Whether the whole name stands for a half that is not trained on: "test set", but not "test tube". */
export const isHeldHalf = (name: string): boolean =>
  isHalf(name) && halfOf(name) !== "train" && wordsOf(name).every((one) => isHalf(one) || FILLER.test(one));

/** The half that the folders name; the innermost folder that names one decides. */
export function halfOfFolders(folders: string[]): Half | undefined {
  return halfOf(folders.findLast((folder) => halfOf(folder) !== undefined) ?? "");
}

export const isTestFolder = (folders: string[]): boolean => halfOfFolders(folders) === "test";

/** Whether a file is of the held-out half, by a word of its own name, else by its folders. */
export function isTestFile(path: string): boolean {
  return (halfOf(baseName(path)) ?? halfOfFolders(foldersOf(path))) === "test";
}
