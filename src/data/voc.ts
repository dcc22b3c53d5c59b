/** Pascal VOC XML: a file for every picture. */
import type { Box } from "../geometry/boxes";
import { type Annotated, type AnnotatedObject, type AnnotatedPicture, classNamed, type Findings } from "./annotated";
import { byCodePoint } from "./files";
import { child, type Xml } from "./xml";

/** Whether an element is what this reads. */
export function isVoc({ name }: Xml): boolean {
  return name === "annotation";
}

/** Reads files. Boxes are taken as written: xmin, ymin, xmax, ymax. An object without a name or a box is left out and noted. */
export function readVoc(files: { path: string; xml: Xml }[], findings: Findings): Annotated {
  const pictures = files.map(({ path, xml }) => readPicture(path, xml, findings));
  const classes = [...new Set(pictures.flatMap(({ objects }) => objects.map(({ category }) => category)))];
  return { format: "Pascal VOC", classes: classes.sort(byCodePoint), pictures };
}

function readPicture(file: string, xml: Xml, findings: Findings): AnnotatedPicture {
  const size = child(xml, "size");
  const width = number(child(size, "width"));
  const height = number(child(size, "height"));
  const objects = xml.children.filter(({ name }) => name === "object");
  return {
    // The file's own name first: people who rename a picture and its file leave the name inside the file as it was.
    names: [file.replace(/\.xml$/i, ""), child(xml, "filename")?.text ?? ""].filter((name) => name !== ""),
    file,
    ...(width && height ? { width, height } : {}),
    objects: objects.flatMap((element, i) => readObject(element, `object ${i + 1}`, file, findings)),
  };
}

function readObject(element: Xml, row: string, file: string, findings: Findings): AnnotatedObject[] {
  const category = classNamed(child(element, "name")?.text ?? "");
  const corners = child(element, "bndbox");
  const edges = ["xmin", "ymin", "xmax", "ymax"].map((edge) => number(child(corners, edge)));
  if (!category || edges.some((edge) => edge === undefined)) {
    findings.add("Objects without a name or without a box of four numbers, left out", `${file} ${row}`);
    return [];
  }
  const difficult = child(element, "difficult")?.text === "1";
  return [{ category, box: edges as unknown as Box, row, ...(difficult && { difficult }) }];
}

/** The number that an element holds; undefined where it holds none. */
function number(element: Xml | undefined): number | undefined {
  const value = element?.text ? Number(element.text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}
