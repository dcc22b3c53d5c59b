/** Maps by which two runs are compared, as tasks make them of their snapshots. */
import { cellsOf, type Grid } from "../draw/grid";
import type { SharedMap } from "../state/looks";

/** Values [count, cells] as multiples of each picture's mean. */
export function timesMap(name: string, values: ArrayLike<number>, grid: Grid): SharedMap {
  const n = cellsOf(grid);
  const times = new Float32Array(values.length);
  for (let from = 0; from < values.length; from += n) {
    let sum = 0;
    for (let cell = 0; cell < n; cell++) sum += values[from + cell];
    for (let cell = 0; cell < n; cell++) times[from + cell] = sum > 0 ? (n * values[from + cell]) / sum : 1;
  }
  return { name, grid, kind: "times", values: times };
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
