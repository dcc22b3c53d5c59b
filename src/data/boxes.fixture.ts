/** Small sets of pictures with boxes, made up for tests. */
import { expect } from "vitest";
import { DataError } from "./dataset";
import type { DetectionSplit } from "./detection";
import type { SourceFile } from "./files";
import { decodeSized, file, sized, textFile } from "./files.fixture";
import { openDetection } from "./open.detection";

export const SIDE = 20;
export const open = (files: SourceFile[], options: Partial<Parameters<typeof openDetection>[1]> = {}) =>
  openDetection(files, { side: SIDE, decode: decodeSized, seed: 1, ...options });

export async function refusal(files: SourceFile[]): Promise<string> {
  const error = await open(files).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  expect((error as DataError).remedy.length).toBeGreaterThan(10);
  return (error as DataError).message;
}

let made = 0;
/** Pictures of 40 x 20 pixels, no two alike: they lie at [0, 5, 20, 15] of the square, at half their size. */
export const pictures = (folder: string, ...names: string[]) => names.map((name) => file(`${folder}${name}`, sized(40, 20, made++ % 256)));
export const json = (path: string, value: unknown) => textFile(path, JSON.stringify(value));
export const all = (split: DetectionSplit) => Array.from({ length: split.count }, (_, i) => split.truths(i));

export const images = (...names: string[]) => names.map((file_name, i) => ({ id: i + 1, file_name, width: 40, height: 20 }));
export const categories = [
  { id: 7, name: "dog", supercategory: "animal" },
  { id: 3, name: "cat", supercategory: "animal" },
  { id: 90, name: "cup", supercategory: "none" },
];
export const annotation = (image_id: unknown, category_id: unknown, bbox: unknown, more = {}) => ({
  id: 1,
  image_id,
  category_id,
  bbox,
  ...more,
});
export const instances = (path: string, names: string[], annotations: unknown[]) =>
  json(path, { images: images(...names), annotations, categories });

export const two = [annotation(1, 3, [10, 4, 20, 8]), annotation(2, 3, [0, 0, 40, 20])];
/** A sound data set, to be spoiled. */
export const sound = (annotations: unknown[] = two) => [
  instances("a.json", ["1.png", "2.png"], annotations),
  ...pictures("", "1.png", "2.png"),
];

/** A VOC file with objects of [name, xmin, ymin, xmax, ymax] or raw XML. */
export function vocText(
  filename: string,
  objects: (readonly [string, ...unknown[]] | string)[],
  size = "<width>40</width><height>20</height>",
): string {
  const edges = ["xmin", "ymin", "xmax", "ymax"];
  const written = objects.map((object) => {
    if (typeof object === "string") return object;
    const [name, ...values] = object;
    const box = edges.map((edge, i) => `<${edge}>${values[i]}</${edge}>`).join("");
    return `<object><name>${name}</name><bndbox>${box}</bndbox></object>`;
  });
  return `<annotation><filename>${filename}</filename><size>${size}</size>${written.join("")}</annotation>`;
}
