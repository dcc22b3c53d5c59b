/**
 * Which class a recording is of, and whether it is held out: as a table beside the recordings says (ESC-50), as the folders say, or as
 * the files' own names do, where those begin with the class (fsdd's "7_jackson_0.wav").
 */
import type { Findings } from "./annotated";
import { requireClasses } from "./assemble";
import { NotForTask } from "./dataset";
import { baseName, byCodePoint, foldersOf, type SourceFile, stem } from "./files";
import { grouped } from "./group";
import { isTestFile } from "./halves";
import { classesOf, type Labelled, layoutOf } from "./layout";
import { decodeText } from "./text";
import { contents } from "./unpack";

/** Heads of the columns of a table, the likeliest first. */
const COLUMNS = {
  file: ["filename", "file_name", "slice_file_name", "fname", "file", "path"],
  label: ["category", "class", "label", "labels", "target"],
  fold: ["fold"],
  half: ["split", "subset"],
};

interface Row {
  label: string;
  fold?: number;
  test?: boolean;
}

const CHOOSE = "Put each class's recordings into a folder of its own, or begin their names with the class, as in dog_1.wav.";

/** Recordings with their classes; those without one are noted. Throws a DataError where fewer than two classes are told, a NotForTask where nothing tells any. */
export async function labelled(sounds: SourceFile[], tables: SourceFile[], findings: Findings): Promise<Labelled[]> {
  const found = (await byTables(sounds, tables, findings)) ?? byFolders(sounds, findings) ?? byNames(sounds, findings);
  if (!found) throw new NotForTask("Nothing says which class the recordings are of.", CHOOSE);
  requireClasses(classesOf(found), sounds[0].path);
  return found;
}

/** The rows of the first table that names recordings and their classes. */
async function byTables(sounds: SourceFile[], tables: SourceFile[], findings: Findings): Promise<Labelled[] | undefined> {
  for (const table of tables) {
    const rows = rowsOf(decodeText(await contents(table), table.path));
    const known = sounds.filter(({ path }) => rows.has(baseName(path)));
    if (known.length < 2) continue;
    const folds = [...rows.values()].flatMap(({ fold }) => fold ?? []);
    const last = folds.length > 0 ? folds.reduce((a, b) => Math.max(a, b)) : undefined;
    if (last !== undefined) findings.tell(`Fold ${last} of ${table.path} is held out.`);
    for (const { path } of sounds)
      if (!rows.has(baseName(path))) findings.add(`Recordings that ${table.path} does not name, left out`, path);
    return known.map((file) => {
      const { label, fold, test } = rows.get(baseName(file.path)) as Row;
      return { file, name: label, test: last === undefined ? (test ?? isTestFile(file.path)) : fold === last };
    });
  }
}

/** Rows by the name of their recording; none where the head of the table has no column for files or classes. */
function rowsOf(text: string): Map<string, Row> {
  const lines = text.split(/\r?\n/).map((line) => line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
  const head = lines[0].map((cell) => cell.toLowerCase());
  const column = (names: string[]) => head.indexOf(names.find((name) => head.includes(name)) ?? "");
  const [file, label, fold, half] = [COLUMNS.file, COLUMNS.label, COLUMNS.fold, COLUMNS.half].map(column);
  if (file < 0 || label < 0) return new Map();
  const rows = lines.slice(1).filter((cells) => cells[file] && cells[label]);
  return new Map(
    rows.map((cells) => {
      const row: Row = {
        label: cells[label],
        ...(fold >= 0 && isNumber(cells[fold]) && { fold: Number(cells[fold]) }),
        // A row may be shorter than the head of its table.
        ...(half >= 0 && cells[half] && { test: isTestFile(cells[half]) }),
      };
      return [baseName(cells[file]), row];
    }),
  );
}

const isNumber = (cell: string | undefined): boolean => Boolean(cell) && Number.isFinite(Number(cell));

/** A folder for each class; undefined where folders tell fewer than two. */
function byFolders(sounds: SourceFile[], findings: Findings): Labelled[] | undefined {
  const { labelled: inFolders, loose } = layoutOf(sounds);
  if (classesOf(inFolders).length < 2) return undefined;
  for (const { path } of loose) findings.add("Recordings in no folder of a class, left out", path);
  return inFolders;
}

/** The first word of each name, where every class so told has at least two recordings. */
function byNames(sounds: SourceFile[], findings: Findings): Labelled[] | undefined {
  const named = sounds.map((file) => ({ file, name: /^([\p{L}\p{N}]+)[_\-. ]/u.exec(baseName(file.path))?.[1] ?? stem(file.path) }));
  const classes = [...grouped(named, ({ name }) => name).values()];
  if (classes.length < 2 || classes.some(({ length }) => length < 2)) return undefined;
  const few = classes
    .map(([{ name }]) => name)
    .sort(byCodePoint)
    .slice(0, 5)
    .join(", ");
  findings.tell(`Classes are the first words of the recordings' names: ${few}${classes.length > 5 ? " and more" : ""}.`);
  return named.map((one) => ({ ...one, test: isTestFile(`${foldersOf(one.file.path).join("/")}/-`) }));
}
