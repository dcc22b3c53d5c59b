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
  picture: Fitted,
  path: string,
  side: number,
  findings: Findings,
): PlacedPicture | undefined {
  const { width = picture.width, height = picture.height } = annotated;
  const [x, y] = [picture.width / width, picture.height / height];
  if (Math.abs(x / y - 1) > SHAPE_TOLERANCE) {
    findings.add("Pictures of other proportions than their annotations state, left out", path);
    return undefined;
  }
  if (x !== 1 || y !== 1) findings.add("Pictures of another size than their annotations state, whose boxes were scaled to fit", path);
  const at = fitting(picture.width, picture.height, side);
  const objects = annotated.objects.flatMap((object) => {
    const box = cut(object, width, height, `${annotated.file} ${object.row}`, findings);
    return box ? [onSquare(object, box, [at.left, at.top, at.width / width, at.height / height], annotated.file)] : [];
  });
  return { pixels: picture.pixels, at, objects };
}

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
