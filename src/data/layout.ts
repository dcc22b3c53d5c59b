/**
 * What folders say of the pictures in them: class and half. Usually a picture lies in the folder of its class, and the half
 * is named by a folder above. But people's archives also have the halves inside the classes, a folder "images" inside either,
 * and pictures of no class at all in "test" or at the top.
 */
import { byCodePoint, foldersOf, type SourceFile } from "./files";
import { grouped } from "./group";
import { isHalf, isHeldHalf, isTestFolder } from "./halves";

export interface Labelled {
  file: SourceFile;
  /** Class name. */
  name: string;
  test: boolean;
}

export interface Layout {
  labelled: Labelled[];
  /** Of no class. */
  loose: SourceFile[];
  /** Outlines of objects beside the pictures they belong to. */
  masks: SourceFile[];
}

/** A folder that only says that there are pictures in it. */
const WRAPPER = /^(images?|imgs?|jpegimages|pictures?|pics|photos?)$/i;
const MASKS = /^(masks?|ground_?truths?)$/i;

const isWrapper = (folder: string) => WRAPPER.test(folder);
const isNamed = (folder: string) => folder !== "" && !isHalf(folder) && !isWrapper(folder) && !MASKS.test(folder);

/** Sorts pictures by what their folders say. */
export function layoutOf(files: SourceFile[]): Layout {
  const all = foldersWith(files);
  const isMask = (one: Folder) => MASKS.test(one.name) && one.beside.wrappers > 0;
  const rest = all.filter((one) => !isMask(one));
  const layout = divided(rest, classFolder);
  // Where that leaves a single class, words such as "valid" and "test" may be names of classes after all.
  const told = classesOf(layout.labelled).length > 1 ? layout : divided(rest, anyFolder);
  return { ...told, masks: all.filter(isMask).flatMap((one) => one.files) };
}

/** Class names, numbered by the order of code points, as torchvision's ImageFolder numbers folders. */
export function classesOf(labelled: Labelled[]): string[] {
  return [...new Set(labelled.map(({ name }) => name))].sort(byCodePoint);
}

/** A folder that pictures lie in. */
interface Folder {
  /** From the top to its own name. */
  path: string[];
  name: string;
  files: SourceFile[];
  /** How many other such folders lie beside it, by what their names say. */
  beside: { named: number; wrappers: number };
}

function foldersWith(files: SourceFile[]): Folder[] {
  const folders = [...grouped(files, ({ path }) => foldersOf(path).join("/")).values()].map((inside) => {
    const path = foldersOf(inside[0].path);
    return { path, name: path.at(-1) ?? "", files: inside };
  });
  const count = (some: { name: string }[], is: (name: string) => boolean) => some.filter(({ name }) => is(name)).length;
  return [...grouped(folders, ({ path }) => path.slice(0, -1).join("/")).values()].flatMap((siblings) => {
    const [named, wrappers] = [count(siblings, isNamed), count(siblings, isWrapper)];
    return siblings.map((one) => ({
      ...one,
      beside: { named: named - Number(isNamed(one.name)), wrappers: wrappers - Number(isWrapper(one.name)) },
    }));
  });
}

/** The folder that names the class of the pictures in another: the innermost that neither divides nor wraps. */
function classFolder({ path, name, beside }: Folder): string[] {
  if (beside.named > 0 && !isHeldHalf(name)) return path;
  return path.slice(0, path.findLastIndex((one) => !isHalf(one) && !isWrapper(one)) + 1);
}

/** The same where a folder beside others that name classes always does so too. */
const anyFolder = (folder: Folder): string[] => (folder.beside.named > 0 ? folder.path : classFolder(folder));

function divided(folders: Folder[], classOf: (folder: Folder) => string[]): Omit<Layout, "masks"> {
  const homes = folders.map((folder) => ({ folder, home: classOf(folder) }));
  const above = new Set(homes.flatMap(({ home }) => home.map((_, i) => home.slice(0, i).join("/"))));
  const top = commonLength(homes.flatMap(({ home }) => (home.length > 0 ? [home] : [])));
  const isLoose = ({ folder, home }: (typeof homes)[number]) => {
    if ((home.at(-1) ?? "").trim() === "") return true;
    const own = home.length === folder.path.length;
    return own ? home.length <= top && above.has(home.join("/")) : home.length <= top || above.has(home.join("/"));
  };
  const [loose, labelled] = [homes.filter(isLoose), homes.filter((one) => !isLoose(one))];
  return {
    loose: loose.flatMap(({ folder }) => folder.files),
    labelled: labelled.flatMap(({ folder: { path, files }, home }) => {
      const test = isTestFolder(path.toSpliced(home.length - 1, 1));
      return files.map((file) => ({ file, name: home[home.length - 1], test }));
    }),
  };
}

/** How many folders, from the top, all have in common. */
function commonLength([first = [], ...rest]: string[][]): number {
  return rest.reduce((length, folders) => {
    const differ = first.slice(0, length).findIndex((name, i) => folders[i] !== name);
    return differ < 0 ? length : differ;
  }, first.length);
}
