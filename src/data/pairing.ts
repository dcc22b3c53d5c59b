/** Which file is the picture that annotations speak of, and whether it is trained on or held out. */
import type { Annotated, AnnotatedPicture, Findings } from "./annotated";
import type { FoundAnnotations } from "./annotations";
import { shuffled } from "./assemble";
import { DataError } from "./dataset";
import { baseName, foldersOf, isTestFolder, type SourceFile, stem } from "./files";
import { isPictureName, MAX_IMAGES } from "./images";

export interface Pair {
  file: SourceFile;
  annotated: AnnotatedPicture;
}

/** A picture, and what is said of it where. */
export interface Said {
  file: SourceFile;
  annotated: Pick<AnnotatedPicture, "file" | "test">;
}

export interface Parts<T> {
  train: T[];
  test: T[];
}

/** Pairs pictures with what is said of them. What has no partner is left out and noted. */
export function pair({ annotated, pictures }: FoundAnnotations, findings: Findings): Pair[] {
  const index = indexed(pictures);
  const taken = new Map<SourceFile, AnnotatedPicture>();
  for (const one of annotated.pictures) {
    const file = partner(one, index);
    if (!file) findings.add("Pictures whose files are missing, left out", `${one.names.at(-1)} in ${one.file}`);
    else if (taken.has(file)) throw twice(file.path, taken.get(file)!, one);
    else taken.set(file, one);
  }
  if (taken.size === 0) throw allMissing(annotated);
  const pairs = [...taken].map(([file, one]) => ({ file, annotated: one }));
  return [
    ...pairs,
    ...silent(
      pictures.filter((file) => !taken.has(file)),
      annotated,
      findings,
    ),
  ];
}

/** Pictures of which nothing is said: in YOLO they show no object, elsewhere they do not belong. */
function silent(files: SourceFile[], { format }: Annotated, findings: Findings): Pair[] {
  const yolo = format === "YOLO text";
  for (const { path } of files) {
    findings.add(yolo ? "Pictures without a text file, taken to show no object" : "Pictures without annotations, left out", path);
  }
  return yolo ? files.map((file) => ({ file, annotated: { names: [], file: file.path, objects: [] } })) : [];
}

/** Pictures by name without folders, and by that name without ending. */
function indexed(pictures: SourceFile[]): Map<string, SourceFile[]> {
  const index = new Map<string, SourceFile[]>();
  for (const file of pictures) {
    for (const key of [baseName(file.path), stem(file.path)]) {
      if (!index.has(key)) index.set(key, []);
      index.get(key)!.push(file);
    }
  }
  return index;
}

/** Of the files so called, the one whose folders agree best: with the name, with the part it belongs to, with where it is said. */
function partner({ names, file, test }: AnnotatedPicture, index: Map<string, SourceFile[]>): SourceFile | undefined {
  for (const name of names.map((name) => name.replaceAll("\\", "/"))) {
    const found = index.get(baseName(name)) ?? (isPictureName(name) ? undefined : index.get(stem(`${name}.`)));
    if (!found) continue;
    const rank = ({ path }: SourceFile) => {
      const folders = foldersOf(path);
      const part = Number(isTestFolder(folders) === (test ?? isTestFolder(foldersOf(file))));
      return 1e6 * agreeing(folders.toReversed(), foldersOf(name).reverse()) + 1e3 * part + agreeing(folders, foldersOf(file));
    };
    return found.reduce((best, other) => (rank(other) > rank(best) ? other : best));
  }
  return undefined;
}

/** How many of the first are the same. */
function agreeing(a: string[], b: string[]): number {
  const differ = a.findIndex((name, i) => name !== b[i]);
  return differ < 0 ? a.length : differ;
}

function twice(path: string, a: AnnotatedPicture, b: AnnotatedPicture): DataError {
  const where = a.file === b.file ? `twice in ${a.file}` : `both in ${a.file} and in ${b.file}`;
  return new DataError(`${path} is annotated ${where}.`, "Choose the files of one of them.");
}

function allMissing({ pictures }: Annotated): DataError {
  const [first] = pictures;
  if (!first) return new DataError("The annotations name no picture.", "Export them again.");
  const what = `None of the ${pictures.length} pictures that the annotations name is among the chosen files (${first.names.at(-1)} in ${first.file}, ...).`;
  return new DataError(what, "Choose the folder or zip that holds the pictures too.");
}

/** Divides pairs as the files say, else holds a share out, drawn from the seed; keeps at most `MAX_IMAGES`. */
export function divide<T extends Said>(
  pairs: T[],
  lists: Map<string, boolean> | undefined,
  holdOut: number,
  seed: number,
  findings: Findings,
): Parts<T> {
  const isListed = ({ file }: T) => !lists || lists.has(stem(file.path));
  for (const one of pairs) if (!isListed(one)) findings.add("Pictures that no list names, left out", one.file.path);
  const listed = pairs.filter(isListed);
  const held = ({ file, annotated }: T) =>
    lists?.get(stem(file.path)) ?? annotated.test ?? isTestFolder([...foldersOf(file.path), ...foldersOf(annotated.file)]);
  const parts = { train: listed.filter((one) => !held(one)), test: listed.filter(held) };
  return fewer(parts.train.length > 0 && parts.test.length > 0 ? parts : drawn(listed, holdOut, seed), seed, findings);
}

function drawn<T extends Said>(pairs: T[], share: number, seed: number): Parts<T> {
  if (pairs.length < 2) {
    throw new DataError(`There is one picture with annotations only (${pairs[0]?.file.path}), so none can be held out.`, "Add pictures.");
  }
  const count = Math.min(pairs.length - 1, Math.max(1, Math.round(share * pairs.length)));
  const order = shuffled(pairs, seed, 0);
  return { train: order.slice(count), test: order.slice(0, count) };
}

function fewer<T extends Said>({ train, test }: Parts<T>, seed: number, findings: Findings): Parts<T> {
  const share = MAX_IMAGES / (train.length + test.length);
  const keep = (part: T[], salt: number) => {
    if (share >= 1) return part;
    const order = shuffled(part, seed, salt);
    const count = Math.max(1, Math.floor(share * part.length));
    for (const { file } of order.slice(count)) findings.add(`Pictures beyond ${MAX_IMAGES.toLocaleString("en")}, left out`, file.path);
    return order.slice(0, count);
  };
  return { train: keep(train, 1), test: keep(test, 2) };
}
