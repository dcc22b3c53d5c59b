/** Which columns of a Parquet file are images, their classes and their boxes: by the features that its data set states, else by names and types. */
import type { FileMetaData, SchemaTree } from "hyparquet";
import { parquetSchema } from "hyparquet";
import { classNamed } from "../annotated";
import { DataError } from "../dataset";

export interface Columns {
  image: string;
  label?: LabelColumn;
  objects?: ObjectsColumn;
}

/** `names` are absent where the data set states none: then the values are the names. */
export interface LabelColumn {
  column: string;
  names?: string[];
}

export interface ObjectsColumn {
  column: string;
  /** What a row's box and class are called in it. */
  box: string;
  category: string;
  names?: string[];
}

/** A feature as the library `datasets` describes it. */
type Feature = Record<string, unknown>;
export type Features = Record<string, Feature>;

/** Most columns that are looked through: data of images have a handful. */
const MOST_COLUMNS = 1000;
/** Lists within lists of a card, at most. */
const DEEPEST = 16;
const IMAGE = /^(image|img|picture|photo|pixel_values)s?$/i;
const LABEL = /^(fine_?)?labels?$|^(class|category|target)(es|_?ids?|_?labels?|_?names?)?$/i;
const BOX = /^(bbox|bboxes|boxes|box)$/i;
const CATEGORY = /^(category|categories|category_ids?|labels?|class(es)?|class_ids?)$/i;

/** The features that a file states in its metadata, as the library `datasets` writes them. */
export function featuresOf({ key_value_metadata = [] }: FileMetaData): Features {
  const text = key_value_metadata.find(({ key }) => key === "huggingface")?.value;
  try {
    return (feature(JSON.parse(text ?? "{}")?.info?.features) ?? {}) as Features;
  } catch {
    return {};
  }
}

/** The features that a data set's card states for a configuration, in the form of `featuresOf`: a list, with names of classes by number. */
export function featuresOfCard(card: unknown, config: string): Features {
  const infos = [feature(card)?.dataset_info].flat().flatMap((one): Feature[] => (feature(one) ? [feature(one)!] : []));
  const info = infos.find(({ config_name }) => (config_name ?? "default") === config) ?? infos[0];
  return fromCard(info?.features, 0);
}

function fromCard(list: unknown, depth: number): Features {
  if (!Array.isArray(list) || depth > DEEPEST) return {};
  return Object.fromEntries(
    list.flatMap((one): [string, Feature][] => {
      const { name, dtype, sequence, list: items } = feature(one) ?? {};
      if (typeof name !== "string") return [];
      const names = feature(feature(feature(dtype)?.class_label)?.names);
      if (names) return [[name, { _type: "ClassLabel", names: Object.values(names) }]];
      if (dtype === "image") return [[name, { _type: "Image" }]];
      return [[name, { feature: fromCard(sequence ?? items ?? feature(dtype)?.struct, depth + 1) }]];
    }),
  );
}

/** The value where it is an object or a list: anything may stand in a file. */
const feature = (value: unknown): Feature | undefined => (typeof value === "object" && value !== null ? (value as Feature) : undefined);

/** Throws a DataError where there is nothing to learn from: no images, or neither classes nor boxes. Says in `notes` what was chosen. */
export function columnsOf(metadata: FileMetaData, features: Features, name: string, notes: string[]): Columns {
  const { children } = parquetSchema(metadata);
  if (children.length > MOST_COLUMNS)
    throw new DataError(
      `${name} has ${children.length.toLocaleString("en")} columns; ${MOST_COLUMNS.toLocaleString("en")} is the limit.`,
      OTHER,
    );
  const images = children.filter((one) => isImage(one, features));
  if (images.length === 0) throw new DataError(`${name} has no column of images. It has ${listed(children)}.`, OTHER);
  const labels = children.filter((one) => isLabel(one, features));
  const stated = labels.filter(({ element }) => features[element.name]?._type === "ClassLabel");
  const [label, ...further] = stated.length > 0 ? stated : labels;
  const objects = children.map((one) => objectsIn(one, features)).find((one) => one !== undefined);
  if (!label && !objects)
    throw new DataError(
      `${name} has images in its column ${nameOf(images[0])}, but neither classes nor boxes. It has ${listed(children)}.`,
      OTHER,
    );
  if (images.length > 1) notes.push(`Images are those of the column ${nameOf(images[0])}; ${listed(images.slice(1))} is left out.`);
  if (further.length > 0) notes.push(`Classes are those of the column ${nameOf(label)}; ${listed(further)} is left out.`);
  return {
    image: nameOf(images[0]),
    ...(label && { label: { column: nameOf(label), names: classNames(features[nameOf(label)]) } }),
    ...(objects && { objects }),
  };
}

const OTHER = "Name a data set that holds images, with a class or boxes each.";

const nameOf = ({ element }: SchemaTree): string => element.name;

/** The names of columns, the first few of many. */
function listed(columns: SchemaTree[]): string {
  const names = columns.slice(0, 8).map(nameOf).join(", ");
  return columns.length > 8 ? `${names} and ${(columns.length - 8).toLocaleString("en")} more` : names;
}

/** A struct of bytes and path, or bytes alone that are called so. */
function isImage(column: SchemaTree, features: Features): boolean {
  const { children, element } = column;
  const kind = features[element.name]?._type;
  if (kind !== undefined && kind !== "Image") return false;
  const parts = children.map(nameOf);
  if (children.length > 0) return parts.includes("bytes") && (kind === "Image" || (parts.includes("path") && IMAGE.test(element.name)));
  return isBytes(column) && (kind === "Image" || IMAGE.test(element.name));
}

const isBytes = ({ element }: SchemaTree): boolean => element.type === "BYTE_ARRAY" && element.converted_type !== "UTF8";

function isLabel({ children, element }: SchemaTree, features: Features): boolean {
  if (children.length > 0 || element.repetition_type === "REPEATED") return false;
  const kind = features[element.name]?._type;
  if (kind === "ClassLabel") return true;
  const isName = element.type === "BYTE_ARRAY" ? element.converted_type === "UTF8" : element.type === "INT32" || element.type === "INT64";
  return isName && LABEL.test(element.name);
}

/** Boxes with their classes: lists beside each other in a struct, or a list of structs. */
function objectsIn(column: SchemaTree, features: Features): ObjectsColumn | undefined {
  const parts = named(column).children.map(nameOf);
  const [box, category] = [BOX, CATEGORY].map((words) => parts.find((part) => words.test(part)));
  if (box === undefined || category === undefined) return undefined;
  const object = inner(features[nameOf(column)]);
  return { column: nameOf(column), box, category, names: classNames(inner(object?.[category])) };
}

/** The struct in a column, below the groups that make a list in Parquet. */
function named(tree: SchemaTree): SchemaTree {
  const [only, ...others] = tree.children;
  return only && others.length === 0 && only.children.length > 0 ? named(only) : tree;
}

/** What a list is of. */
function inner(stated: unknown): Feature | undefined {
  let one = stated;
  for (;;) {
    const found = feature(one);
    if (Array.isArray(one)) [one] = one;
    else if (found && "feature" in found) one = found.feature;
    else return found;
  }
}

function classNames(stated: Feature | undefined): string[] | undefined {
  const names = stated?.names;
  const isName = (one: unknown) => (typeof one === "string" && one.trim() !== "") || typeof one === "number";
  return Array.isArray(names) && names.length > 0 && names.every(isName) ? names.map((one) => classNamed(String(one))) : undefined;
}
