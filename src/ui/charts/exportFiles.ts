/** Files for spreadsheets and papers: numbers as CSV and JSON, charts and pictures as SVG and PNG. Loaded when first used. */
import { store } from "../state/app";
import { asAdded } from "../state/contributions";
import { quoted } from "../state/csv";
import { download } from "../state/download";
import { numbersOf, type Point } from "../state/history";
import { rowsOf, toLatex, toCsv as toRunsCsv, toJson as toRunsJson } from "../state/runTable";
import type { State } from "../state/store";
import { type Caption, captionNow } from "./caption";
import type { ChartKind, Curve, CurveLook } from "./curves";
import { chartSvg, type Drawn, rasterise, sheetSvg } from "./figure";

export type Format = "CSV" | "JSON" | "LaTeX" | "SVG" | "PNG";

/** Widths of a figure on paper, in millimetres: one column of two, or both. */
export const WIDTHS = { "one column": 84, "two columns": 174 } as const;
export type Width = keyof typeof WIDTHS;

/** A chart as files want it: its name, its title, what its curves are and how they look, what it is of, its numbers. */
export interface Exported extends Caption {
  name: string;
  title: string;
  looks: readonly CurveLook[];
  csv(): string;
  json(): string;
}

/** The curves of a chart: a row per point, a column per curve. */
export function toCsv(of: string, curves: Curve[], points: Point[]): string {
  const rows = points.map((point) => [point.step, ...curves.map(({ name }) => numbersOf(point, of)[name] ?? "")].join(","));
  return `${[["step", ...curves.map(({ name }) => quoted(name))].join(","), ...rows].join("\n")}\n`;
}

/** The same with what made them: settings, changes during the run, tests on held-out images. */
export function toJson(of: string, curves: Curve[], points: Point[], state: State): string {
  const { active: settings, changes, teacher, history } = state;
  const numbers = points.map((point) => ({
    step: point.step,
    ...Object.fromEntries(curves.map(({ name }) => [name, numbersOf(point, of)[name]])),
  }));
  return `${JSON.stringify({ settings, changes, teacher, points: numbers, evaluations: history.evaluations }, null, 1)}\n`;
}

/** A chart of the run, ready for a file. */
export function chartOf(kind: ChartKind, curves: Curve[], state: State): Exported {
  const points = kind.added ? asAdded(state.history.points, state) : state.history.points;
  return {
    ...{ name: `${kind.id}-step-${points.at(-1)?.step}`, title: kind.title, looks: curves, ...captionNow(state) },
    csv: () => toCsv(kind.of, curves, points),
    json: () => toJson(kind.of, curves, points, state),
  };
}

export async function exportChart(format: Format, what: Exported, figure: HTMLElement, width: Width): Promise<void> {
  const name = `masked-distillation-${what.name}.${format.toLowerCase()}`;
  if (format === "CSV") download(what.csv(), name);
  else if (format === "JSON") download(what.json(), name);
  else await save(await chartSvg(figure, what, WIDTHS[width]), format, name);
}

/** Pictures as files want them: their name, and under them what they are. */
export interface Named {
  name: string;
  caption: string;
}

/** The rows of pictures as they are on the page; those of the run under way unless it is said what they are of. */
export async function exportPictures(format: Format, panel: HTMLElement, width: Width, of?: Named): Promise<void> {
  const name = `masked-distillation-${of?.name ?? `masks-step-${panel.dataset.look}`}.${format.toLowerCase()}`;
  const words = of ? { caption: of.caption, about: "" } : captionNow(store.getState());
  await save(sheetSvg(panel, words, WIDTHS[width]), format, name);
}

/** The list of runs as a table. */
export function exportRuns(format: Format): void {
  const { runs, baseline } = store.getState();
  const made = {
    CSV: () => toRunsCsv(rowsOf(runs, baseline)),
    JSON: () => toRunsJson(runs, baseline),
    LaTeX: () => toLatex(runs, baseline),
  };
  const ending = format === "LaTeX" ? "tex" : format.toLowerCase();
  download(made[format as keyof typeof made](), `masked-distillation-runs.${ending}`);
}

async function save(drawn: Drawn, format: Format, name: string): Promise<void> {
  download(format === "SVG" ? new Blob([drawn.svg], { type: "image/svg+xml" }) : await rasterise(drawn), name);
}
