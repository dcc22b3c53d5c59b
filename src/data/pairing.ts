/** Which file is the picture that annotations speak of, and whether it is trained on or held out. */
import type { Annotated, AnnotatedPicture, Findings } from "./annotated";
import { type FoundAnnotations, listKey } from "./annotations";
import { shuffled } from "./assemble";
import { DataError } from "./dataset";
import { foldersOf, type SourceFile, stem } from "./files";
import { isTestFolder } from "./halves";
import { MAX_IMAGES } from "./images";
import { PictureIndex } from "./pictureindex";

export interface Pair {
  file: SourceFile;
  annotated: AnnotatedPicture;
}

/** A picture, and where its annotation is. */
export interface Said {
  file: SourceFile;
  annotated: Pick<AnnotatedPicture, "file" | "test">;
}

export interface Parts<T> {
  train: T[];
  test: T[];
}

/** Pairs pictures with their annotations. What has no partner is left out and noted. */
export function pair({ annotated, pictures }: FoundAnnotations, findings: Findings): Pair[] {
  const index = new PictureIndex(pictures);
  const taken = new Map<SourceFile, AnnotatedPicture>();
  const missing: AnnotatedPicture[] = [];
  for (const one of annotated.pictures) {
    const file = index.partner(one);
    if (!file) missing.push(one);
    else if (taken.has(file)) throw twice(file.path, taken.get(file)!, one);
    else taken.set(file, one);
  }
  if (taken.size === 0) throw allMissing(annotated);
  for (const { names, file } of missing) findings.add("Pictures whose files are missing, left out", `${names.at(-1)} in ${file}`);
  const pairs = [...taken].map(([file, one]) => ({ file, annotated: one }));
  return pairs.concat(silent(pictures, taken, annotated, findings));
}

/**
 * Pictures without an annotation. In YOLO they show no object, except in folders without any annotation, which were not
 * annotated at all. In other formats they are left out.
 */
function silent(pictures: SourceFile[], taken: Map<SourceFile, AnnotatedPicture>, { format }: Annotated, findings: Findings): Pair[] {
  const folder = ({ path }: SourceFile) => foldersOf(path).join("/");
  const annotated = new Set(format === "YOLO text" ? [...taken.keys()].map(folder) : []);
  return pictures.flatMap((file): Pair[] => {
    if (taken.has(file)) return [];
    const isEmpty = annotated.has(folder(file));
    findings.add(isEmpty ? "Pictures without a text file, taken to show no object" : "Pictures without annotations, left out", file.path);
    return isEmpty ? [{ file, annotated: { names: [], file: file.path, objects: [] } }] : [];
  });
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
  const isListed = ({ file }: T) => !lists || lists.has(listKey(stem(file.path)));
  for (const one of pairs) if (!isListed(one)) findings.add("Pictures that no list names, left out", one.file.path);
  const listed = pairs.filter(isListed);
  const held = ({ file, annotated }: T) =>
    lists?.get(listKey(stem(file.path))) ?? annotated.test ?? isTestFolder([...foldersOf(file.path), ...foldersOf(annotated.file)]);
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
