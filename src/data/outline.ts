/**
 * Boxes around outlines. COCO writes outlines as polygons, [x, y, x, y, ...] each, or as runs of pixels down the columns of
 * a picture, off and on in turns, as numbers or packed into letters. Source: cocoapi, common/maskApi.c, rleFrString.
 */
import type { Box } from "../geometry/boxes";

/** The box around points x, y, x, y, ...: at least one. */
export function enclosing(points: ArrayLike<number>): Box {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i + 1 < points.length; i += 2) {
    box[0] = Math.min(box[0], points[i]);
    box[1] = Math.min(box[1], points[i + 1]);
    box[2] = Math.max(box[2], points[i]);
    box[3] = Math.max(box[3], points[i + 1]);
  }
  return box;
}

/** The box around a COCO `segmentation`; undefined where it is none. */
export function boxOfOutline(segmentation: unknown): Box | undefined {
  if (Array.isArray(segmentation)) return boxOfPolygons(segmentation);
  const { counts, size } = (segmentation ?? {}) as { counts?: unknown; size?: unknown };
  const [height] = Array.isArray(size) ? size : [];
  const runs = typeof counts === "string" ? unpackedRuns(counts) : counts;
  return areNumbers(runs) && Number.isSafeInteger(height) && height > 0 ? boxOfRuns(runs, height) : undefined;
}

function boxOfPolygons(polygons: unknown[]): Box | undefined {
  const good = polygons.filter((one): one is number[] => areNumbers(one) && one.length >= 6 && one.length % 2 === 0);
  return good.length > 0 ? enclosing(good.flat()) : undefined;
}

const areNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every((one) => Number.isFinite(one));

/** Pixel i lies in column i / height. */
function boxOfRuns(runs: number[], height: number): Box | undefined {
  const points: number[] = [];
  let at = 0;
  for (const [i, length] of runs.entries()) {
    const last = at + length - 1;
    if (i % 2 === 1 && length > 0) {
      const [x1, x2] = [Math.floor(at / height), Math.floor(last / height)];
      points.push(x1, x1 === x2 ? at % height : 0, x2 + 1, x1 === x2 ? (last % height) + 1 : height);
    }
    at += length;
  }
  return points.length > 0 ? enclosing(points) : undefined;
}

/** Five bits a letter, from the lowest, the sixth for more to come; from the fourth run on, differences to the last but one. */
function unpackedRuns(letters: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < letters.length; ) {
    let [value, shift, more] = [0, 0, true];
    while (more && at < letters.length) {
      const bits = letters.charCodeAt(at++) - 48;
      value |= (bits & 31) << shift;
      shift += 5;
      more = (bits & 32) !== 0;
      if (!more && bits & 16) value |= -1 << shift;
    }
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  return runs;
}
