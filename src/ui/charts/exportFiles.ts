/** Files for spreadsheets and papers: numbers as CSV and JSON, charts and pictures as SVG and PNG. Loaded when first used. */

import { download } from "../state/download";
import { numbersOf, type Point } from "../state/history";
import type { State } from "../state/store";
import type { ChartKind, Curve, CurveLook } from "./curves";

export type Format = "CSV" | "JSON" | "SVG" | "PNG";

/** A chart as files want it: its name, its title, what its curves are and how they look, its numbers. */
export interface Exported {
  name: string;
  title: string;
  looks: readonly CurveLook[];
  csv(): string;
  json(): string;
}

/** The curves of a chart: a row per point, a column per curve. */
export function toCsv(of: string, curves: Curve[], points: Point[]): string {
  const rows = points.map((point) => [point.step, ...curves.map(({ name }) => numbersOf(point, of)[name] ?? "")].join(","));
  return `${[["step", ...curves.map(({ name }) => name)].join(","), ...rows].join("\n")}\n`;
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
  const { points } = state.history;
  return {
    ...{ name: `${kind.id}-step-${points.at(-1)?.step}`, title: kind.title, looks: curves },
    csv: () => toCsv(kind.of, curves, points),
    json: () => toJson(kind.of, curves, points, state),
  };
}

export async function exportChart(format: Format, { name: what, title, looks, csv, json }: Exported, figure: HTMLElement): Promise<void> {
  const name = `masked-distillation-${what}.${format.toLowerCase()}`;
  if (format === "CSV") download(csv(), name);
  else if (format === "JSON") download(json(), name);
  else await save(chartSvg(figure, title, looks), format, name);
}

/** The rows of the gallery as they are on the page. */
export async function exportPictures(format: "SVG" | "PNG", panel: HTMLElement): Promise<void> {
  await save(sheetSvg(panel), format, `masked-distillation-masks-step-${panel.dataset.look}.${format.toLowerCase()}`);
}

async function save(svg: string, format: "SVG" | "PNG", name: string): Promise<void> {
  download(format === "SVG" ? new Blob([svg], { type: "image/svg+xml" }) : await rasterise(svg), name);
}

const FONT = "font-family='system-ui, sans-serif'";
const SVG = "http://www.w3.org/2000/svg";
/** Styles that come from the page's style sheet and have to be written into the file. */
const STYLES = ["stroke", "fill", "stroke-width", "stroke-dasharray", "stroke-opacity", "font-size", "font-family"];

/** A chart with its title and keys, without the page's style sheet. */
function chartSvg(figure: HTMLElement, title: string, curves: readonly CurveLook[]): string {
  const drawn = figure.querySelector("svg.recharts-surface") as SVGSVGElement;
  const copy = drawn.cloneNode(true) as SVGSVGElement;
  const originals = drawn.querySelectorAll("*");
  for (const [i, element] of copy.querySelectorAll("*").entries()) {
    const style = getComputedStyle(originals[i]);
    for (const name of STYLES) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute("class");
  }
  const [width, height] = [drawn.clientWidth, drawn.clientHeight];
  const keys = curves.map(({ label, colour, dash }, i) => {
    const y = 40 + 16 * i;
    const line = `<line x1='12' x2='36' y1='${y}' y2='${y}' stroke='${resolved(colour)}' stroke-width='2' stroke-dasharray='${dash ?? ""}'/>`;
    return `${line}<text x='42' y='${y + 4}' font-size='12'>${escaped(label)}</text>`;
  });
  const head = 40 + 16 * curves.length;
  const body = `<text x='12' y='22' font-size='14' font-weight='bold'>${escaped(title)}</text>${keys.join("")}<g transform='translate(0 ${head})'>${copy.innerHTML}</g>`;
  return page(width, height + head, body);
}

const CELL = 132;
const GAP = 8;

/** Every row of pictures under its title; each picture is embedded as the page drew it. */
function sheetSvg(panel: HTMLElement): string {
  let y = 16;
  let width = 0;
  const parts: string[] = [];
  for (const strip of panel.querySelectorAll<HTMLElement>("[data-strip]")) {
    parts.push(`<text x='12' y='${y + 8}' font-size='13' font-weight='bold'>${escaped(strip.dataset.strip ?? "")}</text>`);
    for (const [i, canvas] of strip.querySelectorAll("canvas").entries()) {
      const x = 12 + i * (CELL + GAP);
      parts.push(`<image x='${x}' y='${y + 18}' width='${CELL}' height='${CELL}' href='${canvas.toDataURL()}'/>`);
      width = Math.max(width, x + CELL + 12);
    }
    y += CELL + 40;
  }
  return page(width, y, parts.join(""));
}

function page(width: number, height: number, body: string): string {
  const [surface, ink] = ["var(--surface)", "var(--ink)"].map(resolved);
  const size = `width='${width}' height='${height}' viewBox='0 0 ${width} ${height}'`;
  return `<svg xmlns='${SVG}' ${size} ${FONT} fill='${ink}'><rect width='100%' height='100%' fill='${surface}'/>${body}</svg>`;
}

/** A colour of the page's style sheet as it is now. */
function resolved(colour: string): string {
  const [, name] = /^var\((--[\w-]+)\)$/.exec(colour) ?? [];
  return name ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : colour;
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** Pixels per unit: sharp in print. */
const SCALE = 2;

async function rasterise(svg: string): Promise<Blob> {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SCALE * picture.width, SCALE * picture.height];
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser could not make a PNG."))));
  });
}
