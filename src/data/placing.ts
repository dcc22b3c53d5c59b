/** Boxes follow their picture into the square: checked against its real size, cut at its edges, scaled with it. */
import { area, type Box, type GroundTruth } from "../geometry/boxes";
import type { AnnotatedObject, AnnotatedPicture, Findings } from "./annotated";
import type { Fitted } from "./decode";
import { fitting, type Rectangle } from "./square";

/** An object in pixels of the square, its class still by name. */
export interface NamedTruth extends Omit<GroundTruth, "category"> {
  name: string;
  /** Where it is written, for messages. */
  where: string;
}

export interface PlacedPicture {
  /** u8 RGB [side, side, 3]. */
  pixels: Uint8Array;
  /** Where on the square the picture lies. */
  at: Rectangle;
  objects: NamedTruth[];
}

/** How far a picture's proportions may differ from those its annotations state. */
const SHAPE_TOLERANCE = 0.02;
/** Pixels that a box may reach over the edge without a word: rounding. */
const EDGE_TOLERANCE = 0.5;

/** A picture on its square, and its objects there; undefined where it cannot be the picture that the annotations speak of. */
export function placed(
  annotated: AnnotatedPicture,
  picture: Fitted & { orientation?: number },
  path: string,
  side: number,
  findings: Findings,
): PlacedPicture | undefined {
  const { width = picture.width, height = picture.height, objects } = uprighted(annotated, picture, path, findings);
  const [x, y] = [picture.width / width, picture.height / height];
  if (Math.abs(x / y - 1) > SHAPE_TOLERANCE) {
    findings.add("Pictures of other proportions than their annotations state, left out", path);
    return undefined;
  }
  if (x !== 1 || y !== 1) findings.add("Pictures of another size than their annotations state, whose boxes were scaled to fit", path);
  const at = fitting(picture.width, picture.height, side);
  const truths = objects.flatMap((object) => {
    const box = cut(object, width, height, `${annotated.file} ${object.row}`, findings);
    return box ? [onSquare(object, box, [at.left, at.top, at.width / width, at.height / height], annotated.file)] : [];
  });
  return { pixels: picture.pixels, at, objects: truths };
}

/**
 * What is said of a picture that lies on its side in its file: where the stated size is that of the pixels as stored, the
 * boxes were measured on those too, and are turned upright with them.
 */
function uprighted(
  annotated: AnnotatedPicture,
  { width, height, orientation = 1 }: Parameters<typeof placed>[1],
  path: string,
  findings: Findings,
): AnnotatedPicture {
  const turn = TURNS[orientation];
  const { width: w, height: h } = annotated;
  if (!turn || w === undefined || h === undefined || isShape(w, h, width, height) || !isShape(h, w, width, height)) return annotated;
  findings.add("Pictures on their side whose boxes were turned upright with them", path);
  const objects = annotated.objects.map((object) => (object.relative ? object : { ...object, box: turnedBox(object.box, turn, w, h) }));
  return { ...annotated, width: h, height: w, objects };
}

/** Where a point of a stored picture, w x h, comes to lie upright, by Exif orientation. */
type Turn = (x: number, y: number, w: number, h: number) => [x: number, y: number];
const TURNS: Record<number, Turn> = {
  5: (x, y) => [y, x],
  6: (x, y, _, h) => [h - y, x],
  7: (x, y, w, h) => [h - y, w - x],
  8: (x, y, w) => [y, w - x],
};

function turnedBox([x1, y1, x2, y2]: Box, turn: Turn, w: number, h: number): Box {
  const [[a, b], [c, d]] = [turn(x1, y1, w, h), turn(x2, y2, w, h)];
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

const isShape = (w: number, h: number, width: number, height: number) => Math.abs((w * height) / (h * width) - 1) <= SHAPE_TOLERANCE;

/** The part of an object's box inside its picture; undefined, and noted, where there is none. */
function cut({ box, relative }: AnnotatedObject, width: number, height: number, where: string, findings: Findings): Box | undefined {
  const [x1, y1, x2, y2] = relative ? [box[0] * width, box[1] * height, box[2] * width, box[3] * height] : box;
  const inside: Box = [Math.max(0, x1), Math.max(0, y1), Math.min(width, x2), Math.min(height, y2)];
  const over = Math.max(-x1, -y1, x2 - width, y2 - height);
  if (x2 <= x1 || y2 <= y1) findings.add("Boxes without area, left out", where);
  else if (area(inside) === 0) findings.add("Boxes outside of their picture, left out", where);
  else if (over > EDGE_TOLERANCE) findings.add("Boxes that reach over the edge of their picture, cut there", where);
  return area(inside) > 0 ? inside : undefined;
}

function onSquare(object: AnnotatedObject, box: Box, [left, top, x, y]: number[], file: string): NamedTruth {
  const { category: name, row, crowd, difficult } = object;
  return {
    ...{ name, where: `${file} ${row}`, box: [left + x * box[0], top + y * box[1], left + x * box[2], top + y * box[3]] as const },
    ...(crowd && { crowd }),
    ...(difficult && { difficult }),
    ...(object.area !== undefined && { area: object.area * x * y }),
  };
}
