/** A picture cut into rows and columns of cells, numbered row by row. */
import type { Grid } from "../../models/model";

export type { Grid };

export const cellsOf = ([rows, columns]: Grid): number => rows * columns;

/** "4 × 8". */
export const gridName = ([rows, columns]: Grid): string => `${rows} × ${columns}`;

export const rowOf = (cell: number, [, columns]: Grid): number => Math.floor(cell / columns);
export const columnOf = (cell: number, [, columns]: Grid): number => cell % columns;

/** The cell in a row and a column; beyond the border, the last one before it. */
export function cellAt(row: number, column: number, [rows, columns]: Grid): number {
  return clamp(row, rows) * columns + clamp(column, columns);
}

const clamp = (value: number, count: number) => Math.min(count - 1, Math.max(0, value));
