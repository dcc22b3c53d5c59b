/** COCO JSON: pictures, categories and annotations in one file. */
import type { Box } from "../geometry/boxes";
import { type Annotated, type AnnotatedObject, type AnnotatedPicture, classNamed, type Findings } from "./annotated";
import { DataError } from "./dataset";
import { boxOfOutline } from "./outline";

type Row = Record<string, unknown>;

export interface CocoFile {
  images: unknown[];
  annotations: unknown[];
  categories: unknown[];
}

const AGAIN = "Export the annotations as COCO JSON again.";

/** Whether parsed JSON is what this reads: captions and results, which have no boxes or no pictures, are not. */
export function isCoco(value: unknown): value is CocoFile {
  if (!isRow(value) || !Array.isArray(value.images) || !Array.isArray(value.annotations)) return false;
  return Array.isArray(value.categories) || value.annotations.some((row) => isRow(row) && ("bbox" in row || "segmentation" in row));
}

/** Reads one file. What is wrong with pictures or categories is a DataError; a wrong annotation is left out and noted. */
export function readCoco({ images, annotations, categories }: CocoFile, file: string, findings: Findings): Annotated {
  const names = readCategories(categories, file);
  const pictures = readPictures(images, file);
  for (const [i, row] of annotations.entries()) {
    const where = `annotation ${i + 1}`;
    const said = readAnnotation(row, where, names, pictures);
    if (typeof said === "string") findings.add(said, `${file} ${where}`);
    else said.picture.objects.push(said.object);
  }
  const known = [...names.values()];
  return {
    format: "COCO JSON",
    classes: known.map(({ name }) => name),
    supercategories: known.map(({ family }) => family),
    pictures: [...pictures.values()],
  };
}

interface Category {
  name: string;
  family: string;
}

/** Names by id, in the order of ids, which may have gaps; where some are no numbers, in the order of the file. */
function readCategories(rows: unknown, file: string): Map<string, Category> {
  if (!Array.isArray(rows)) throw new DataError(`${file} has no list of categories.`, AGAIN);
  const categories = rows.map((row, i): [string, Category] => {
    const id = isRow(row) ? idOf(row.id) : undefined;
    if (!isRow(row) || id === undefined || typeof row.name !== "string" || row.name.trim() === "")
      throw new DataError(`${file}: category ${i + 1} has no id or no name.`, AGAIN);
    return [id, { name: classNamed(row.name), family: typeof row.supercategory === "string" ? classNamed(row.supercategory) : "" }];
  });
  requireDifferent(
    categories.map(([id]) => id),
    "categories",
    file,
  );
  const numbered = categories.every(([id]) => Number.isFinite(Number(id)));
  return new Map(numbered ? categories.sort(([a], [b]) => Number(a) - Number(b)) : categories);
}

function readPictures(rows: unknown[], file: string): Map<string, AnnotatedPicture> {
  const pictures = rows.map((row, i): [string, AnnotatedPicture] => {
    const id = isRow(row) ? idOf(row.id) : undefined;
    if (!isRow(row) || id === undefined || typeof row.file_name !== "string")
      throw new DataError(`${file}: image ${i + 1} has no id or no file_name.`, AGAIN);
    const size = isNumber(row.width) && isNumber(row.height) ? { width: row.width, height: row.height } : {};
    return [id, { names: [row.file_name], file, ...size, objects: [] }];
  });
  requireDifferent(
    pictures.map(([id]) => id),
    "images",
    file,
  );
  return new Map(pictures);
}

function requireDifferent(ids: string[], what: string, file: string): void {
  const seen = new Set<string>();
  const twice = ids.find((id) => seen.size === seen.add(id).size);
  if (twice !== undefined) throw new DataError(`${file} has two ${what} of id ${twice}.`, AGAIN);
}

/** An object and its picture, or why there is none. */
function readAnnotation(
  row: unknown,
  where: string,
  categories: Map<string, Category>,
  pictures: Map<string, AnnotatedPicture>,
): { picture: AnnotatedPicture; object: AnnotatedObject } | string {
  if (!isRow(row)) return "Annotations that are none, left out";
  const picture = pictures.get(idOf(row.image_id) ?? "");
  if (!picture) return "Annotations of no known image, left out";
  const category = categories.get(idOf(row.category_id) ?? "");
  if (!category) return "Annotations of no known category, left out";
  const box = boxOf(row.bbox) ?? boxOfOutline(row.segmentation);
  if (!box) return "Annotations whose bbox is not four numbers, and that have no outline, left out";
  const object: AnnotatedObject = { category: category.name, box, row: where };
  if (row.iscrowd === 1 || row.iscrowd === true) object.crowd = true;
  if (row.ignore === 1 || row.ignore === true) object.difficult = true;
  if (isNumber(row.area) && row.area > 0) object.area = row.area;
  return { picture, object };
}

/** [x, y, width, height] to corners. */
function boxOf(bbox: unknown): Box | undefined {
  if (!Array.isArray(bbox) || bbox.length !== 4 || !bbox.every(isNumber)) return undefined;
  const [x, y, width, height] = bbox;
  return [x, y, x + width, y + height];
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** An id to compare by: programs write the same number as a number and as text; undefined for what is no id. */
function idOf(value: unknown): string | undefined {
  if (isNumber(value)) return String(value);
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? String(number) : value.trim();
}
