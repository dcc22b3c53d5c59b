/** Maps by which two runs are compared, as tasks make them of their snapshots. */
import { cellsOf, type Grid } from "../draw/grid";
import type { SharedMap } from "../state/looks";

/** Values [count, cells], to be shown as multiples of each picture's mean. */
export const timesMap = (name: string, values: ArrayLike<number>, grid: Grid): SharedMap => ({
  ...{ name, grid, kind: "times" },
  values: Float32Array.from(values),
});

/** One picture of a map, as it is shown. */
export function shownOf({ kind, values, grid }: SharedMap, index: number): Float32Array {
  const n = cellsOf(grid);
  const mine = values.subarray(index * n, (index + 1) * n);
  if (kind !== "times") return mine;
  const sum = mine.reduce((a, b) => a + b, 0);
  return mine.map((value) => (sum > 0 ? (n * value) / sum : 1));
}

/** Kept patches [count, k] as ones among zeros. */
export function keptMap(name: string, kept: Uint32Array, count: number, grid: Grid): SharedMap {
  const [n, k] = [cellsOf(grid), kept.length / count];
  const values = new Float32Array(count * n);
  for (const [at, patch] of kept.entries()) values[Math.floor(at / k) * n + patch] = 1;
  return { name, grid, kind: "kept", values };
}

/** All patches of so many pictures. */
export const allKept = (name: string, count: number, grid: Grid): SharedMap => ({
  ...{ name, grid, kind: "kept" },
  values: new Float32Array(count * cellsOf(grid)).fill(1),
});

/** What the patches' scores and the choice among them come to, where there are any. Without a choice a teacher sees every patch. */
export function maskMaps(
  { score, kept, teacher }: { score?: Float32Array; kept?: Uint32Array; teacher?: unknown },
  count: number,
  grid: Grid,
): SharedMap[] {
  const sees = "Patches the teacher sees";
  return [
    ...(kept ? [keptMap(sees, kept, count, grid)] : teacher ? [allKept(sees, count, grid)] : []),
    ...(score ? [timesMap("Score of patches", score, grid)] : []),
  ];
}

/** Images u8 [count, channels, side, side] in grey. */
export function greyMap(name: string, images: Uint8Array, channels: number, side: number): SharedMap {
  const area = side * side;
  const values = Float32Array.from({ length: images.length / channels }, (_, at) => {
    const [image, pixel] = [Math.floor(at / area), at % area];
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += images[(image * channels + c) * area + pixel];
    return sum / channels / 255;
  });
  return { name, grid: [side, side], kind: "shade", values };
}
