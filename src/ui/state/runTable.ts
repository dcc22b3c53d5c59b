/** The list of runs as a table for spreadsheets, programs and papers. Loaded when it is asked for. */
import { methodOf } from "../../tasks";
import { pageOf } from "../tasks";
import { savedOf } from "./compare";
import { type Cell, quoted } from "./csv";
import { difference } from "./difference";
import { areComparable, type Run, whatItWas } from "./runs";
import { scoreOf } from "./score";

/** A row of the table, by names of columns; shares are from 0 to 1, `low` and `high` a 95 % interval of `against`. */
export interface TableRow {
  run: string;
  method: string;
  what: string;
  data: Cell;
  teacher: Cell;
  seed: Cell;
  steps: number;
  metric: string;
  score: number;
  margin: Cell;
  against: Cell;
  low: Cell;
  high: Cell;
  macs_saved: Cell;
}

/** Rows in the order in which the runs were made. Against the baseline, where there is one of the same data. */
export function rowsOf(runs: readonly Run[], baseline?: number): TableRow[] {
  const pinned = runs.find(({ id }) => id === baseline);
  return runs.map((run) => {
    const { settings, dataset, teacher, step, evaluations } = run;
    const { value, margin } = scoreOf(run);
    const other = pinned && pinned !== run && areComparable(run, pinned) ? difference(run, pinned) : undefined;
    return {
      ...{ run: run.name, method: methodOf(settings.preset).label, what: whatItWas(run), data: dataset?.name, teacher },
      ...{ seed: settings.seed, steps: step, metric: Object.keys(evaluations[evaluations.length - 1].scores)[0] },
      ...{ score: value, margin, against: other?.by, low: other?.interval?.[0], high: other?.interval?.[1] },
      macs_saved: savedOf(run, "macs", "fullMacs"),
    };
  });
}

export function toCsv(rows: readonly TableRow[]): string {
  const columns = Object.keys(rows[0] ?? {}) as (keyof TableRow)[];
  const lines = [columns.join(","), ...rows.map((row) => columns.map((column) => quoted(row[column])).join(","))];
  return lines.map((line) => `${line}\r\n`).join("");
}

/** The rows, each with everything else that is known of the run: all settings, changes, tests, curves. */
export function toJson(runs: readonly Run[], baseline?: number): string {
  const rows = rowsOf(runs, baseline);
  const whole = runs.map(({ settings, changes, dataset, evaluations, points }, i) => ({
    ...rows[i],
    ...{ settings, changes, dataset, evaluations, points },
  }));
  return `${JSON.stringify(whole, null, 1)}\n`;
}

/** A table for the package booktabs. Columns that no run has a value for are left out. */
export function toLatex(runs: readonly Run[], baseline?: number): string {
  const rows = rowsOf(runs, baseline);
  const pinned = runs.find(({ id }) => id === baseline);
  const score = runs[0] ? pageOf(runs[0].settings.preset).words.score : "score";
  const columns: [title: string, align: string, cell: (row: TableRow) => string][] = [
    ["Run", "l", ({ run }) => escaped(run)],
    ["Setting", "l", ({ what }) => escaped(what)],
    ["Steps", "r", ({ steps }) => String(steps)],
    [`${capital(score)} (\\%)`, "r", ({ score, margin }) => spread(score, margin)],
    [pinned ? `Against ${escaped(pinned.name)}` : "", "r", ({ against, low, high }) => moved(against, low, high)],
    ["Teacher MACs saved (\\%)", "r", ({ macs_saved }) => (typeof macs_saved === "number" ? hundredths(macs_saved) : "")],
  ];
  const used = columns.filter(([, , cell]) => rows.some((row) => cell(row) !== ""));
  const line = (cells: string[]) => `${cells.join(" & ")} \\\\`;
  return [
    "% Needs \\usepackage{booktabs}.",
    `\\begin{tabular}{${used.map(([, align]) => align).join("")}}`,
    "\\toprule",
    line(used.map(([title]) => title)),
    "\\midrule",
    ...rows.map((row) => line(used.map(([, , cell]) => cell(row)))),
    "\\bottomrule",
    "\\end{tabular}",
    "",
  ].join("\n");
}

const hundredths = (share: number) => (100 * share).toFixed(1);
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
const spread = (share: number, margin: Cell) => `$${hundredths(share)}${typeof margin === "number" ? ` \\pm ${hundredths(margin)}` : ""}$`;

/** A difference in points with its interval. */
function moved(by: Cell, low: Cell, high: Cell): string {
  if (typeof by !== "number") return "";
  const interval = typeof low === "number" && typeof high === "number" ? `\\ [${hundredths(low)}, ${hundredths(high)}]` : "";
  return `$${by < 0 ? "" : "+"}${hundredths(by)}${interval}$`;
}

/** What TeX would take for a command, and signs that its fonts may not have. */
const SIGNS: Record<string, string> = {
  ...{ "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" },
  ...{ "→": "$\\to$", "−": "$-$", "±": "$\\pm$", λ: "$\\lambda$", Θ: "$\\Theta$" },
};
const escaped = (text: string): string => text.replace(/[\\~^&%$#_{}→−±λΘ]/g, (sign) => SIGNS[sign] ?? `\\${sign}`);
