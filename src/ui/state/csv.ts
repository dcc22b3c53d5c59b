/** Cells of files for spreadsheets. */

export type Cell = string | number | undefined;

/** As RFC 4180 has it. A name that a spreadsheet would take for a formula gets an apostrophe, as they themselves write it. */
export function quoted(cell: Cell): string {
  if (typeof cell !== "string") return cell === undefined ? "" : String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
