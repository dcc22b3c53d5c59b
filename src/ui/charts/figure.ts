/**
 * Charts and pictures as figures of a paper: as wide as a column, letters of eight points in a font that every program has, on white in the
 * page's light colours (after Okabe and Ito, and told apart by dashes too), with keys, and with what they are of.
 */
import type { Caption } from "./caption";
import type { CurveLook } from "./curves";

/** An SVG, and its size in millimetres. */
export interface Drawn {
  svg: string;
  width: number;
  height: number;
}

const FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif";
const SVG = "http://www.w3.org/2000/svg";
/** Pixels in a millimetre, as CSS has it. */
const PX = 96 / 25.4;
/** Eight points, in pixels. */
const TEXT = 10.7;
const LINE = 14;
/** Styles that come from the page's style sheet and have to be written into the file. */
const STYLES = ["stroke", "fill", "stroke-width", "stroke-dasharray", "stroke-opacity", "font-size", "paint-order"];

/** A chart with its title, its keys and what it is of, drawn anew at the width of `mm` millimetres. */
export function chartSvg(figure: HTMLElement, chart: Caption & { title: string; looks: readonly CurveLook[] }, mm: number): Promise<Drawn> {
  const wide = Math.round(mm * PX);
  return atWidth(figure, wide, (drawn) =>
    onPaper(() => {
      const keys = keysOf(chart.looks, wide);
      const head = 22 + LINE * keys.rows;
      const title = `<text x='8' y='14' font-weight='bold'>${escaped(chart.title)}</text>`;
      const body = withDefinitions(`${title}${keys.svg}<g transform='translate(0 ${head})'>${styled(drawn).innerHTML}</g>`);
      return page(wide, head + drawn.clientHeight, body, chart, mm);
    }),
  );
}

const CELL = 132;
const GAP = 8;

/** Every row of pictures under its title, as the page drew them. */
export function sheetSvg(panel: HTMLElement, words: Caption, mm: number): Drawn {
  const strips = [...panel.querySelectorAll<HTMLElement>("[data-strip]")].map((strip) => ({
    title: strip.dataset.strip ?? "",
    pictures: [...strip.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()),
  }));
  const most = Math.max(1, ...strips.map(({ pictures }) => pictures.length));
  const scale = (mm * PX) / (most * (CELL + GAP) + GAP);
  const parts = strips.map(({ title, pictures }, row) => {
    const y = row * (CELL * scale + 2 * LINE);
    const side = CELL * scale;
    const images = pictures.map(
      (href, i) => `<image x='${(GAP + i * (CELL + GAP)) * scale}' y='${y + LINE + 4}' width='${side}' height='${side}' href='${href}'/>`,
    );
    return `<text x='${GAP * scale}' y='${y + LINE - 2}' font-weight='bold'>${escaped(title)}</text>${images.join("")}`;
  });
  return onPaper(() => page(mm * PX, strips.length * (CELL * scale + 2 * LINE), parts.join(""), words, mm));
}

/** The chart's drawing at so many pixels of width, for as long as `use` takes. */
async function atWidth<T>(figure: HTMLElement, wide: number, use: (drawn: SVGSVGElement) => T): Promise<T> {
  const plot = figure.querySelector(".plot") as HTMLElement;
  const drawing = () => figure.querySelector("svg.recharts-surface") as SVGSVGElement;
  plot.style.width = `${wide}px`;
  try {
    // Its box is as wide at once; what is in it is drawn anew with the width that it says.
    for (let frame = 0; frame < FRAMES && Math.abs(drawing().width.baseVal.value - wide) > 1; frame++)
      await new Promise((resolve) => requestAnimationFrame(resolve));
    return use(drawing());
  } finally {
    plot.style.width = "";
  }
}

/** A browser that has not drawn a chart anew after so many frames is not waited for. */
const FRAMES = 60;

/** Draws under the page's colours for light surroundings, whatever its visitor prefers. */
function onPaper<T>(draw: () => T): T {
  const { style } = document.documentElement;
  const light = lightColours();
  for (const [name, value] of light) style.setProperty(name, value);
  try {
    return draw();
  } finally {
    for (const [name] of light) style.removeProperty(name);
  }
}

/** The custom properties of `:root` outside any condition. */
function lightColours(): [string, string][] {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  const roots = rules.filter((rule): rule is CSSStyleRule => rule instanceof CSSStyleRule && rule.selectorText === ":root");
  return roots.flatMap(({ style }) =>
    [...style].filter((name) => name.startsWith("--")).map((name): [string, string] => [name, style.getPropertyValue(name)]),
  );
}

/** A drawing with the patterns that it is filled with, wherever on the page they are defined. */
function withDefinitions(svg: string): string {
  const names = new Set(Array.from(svg.matchAll(/url\((?:&quot;)?#([\w-]+)/g), ([, name]) => name));
  const defined = [...names].map((name) => document.querySelector(`pattern#${name}`)).filter((pattern) => pattern !== null);
  return defined.length ? `<defs>${defined.map((pattern) => styled(pattern).outerHTML).join("")}</defs>${svg}` : svg;
}

/** A copy of a drawing, of which the elements have their styles written out. */
function styled(drawn: Element): Element {
  const copy = drawn.cloneNode(true) as Element;
  const originals = drawn.querySelectorAll("*");
  for (const [i, element] of copy.querySelectorAll("*").entries()) {
    const style = getComputedStyle(originals[i]);
    for (const name of STYLES) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute("class");
    element.removeAttribute("font-family");
  }
  return copy;
}

/** Keys of curves beside each other, as many as there is room for in a row. */
function keysOf(looks: readonly CurveLook[], wide: number): { svg: string; rows: number } {
  let [x, row] = [8, 0];
  const parts = looks.map(({ label, colour, dash, fill }) => {
    const width = 34 + label.length * TEXT * WIDE;
    if (x > 8 && x + width > wide) [x, row] = [8, row + 1];
    const [left, y] = [x, 28 + LINE * row];
    x += width + 10;
    const stroke = `stroke='${resolved(colour)}'`;
    const line = `<line x1='${left}' x2='${left + 22}' y1='${y - 4}' y2='${y - 4}' ${stroke} stroke-width='2' stroke-dasharray='${dash ?? ""}'/>`;
    const area = `<rect x='${left}' y='${y - 9}' width='22' height='10' fill='${fill}' ${stroke}/>`;
    return `${fill ? area : line}<text x='${left + 27}' y='${y}'>${escaped(label)}</text>`;
  });
  return { svg: parts.join(""), rows: looks.length ? row + 1 : 0 };
}

/** Width of a letter, in its height: more than the mean, so that nothing is cut off. */
const WIDE = 0.55;

function page(width: number, height: number, body: string, { caption, about }: Caption, mm: number): Drawn {
  const lines = wrapped(caption, Math.floor((width - 16) / (TEXT * WIDE)));
  const whole = height + LINE * lines.length + 8;
  const under = lines.map((line, i) => `<text x='8' y='${height + LINE * (i + 1)}'>${escaped(line)}</text>`).join("");
  const tall = (mm * whole) / width;
  const size = `width='${mm}mm' height='${tall.toFixed(2)}mm' viewBox='0 0 ${width} ${whole}'`;
  const [surface, ink] = ["var(--surface)", "var(--ink)"].map(resolved);
  const head = `<svg xmlns='${SVG}' ${size} font-family="${FONT}" font-size='${TEXT}' fill='${ink}'>`;
  const svg = `${head}<desc>${escaped(`${caption}\n${about}`)}</desc><rect width='100%' height='100%' fill='${surface}'/>${body}${under}</svg>`;
  return { svg: asXml(svg), width: mm, height: tall };
}

/**
 * A drawing as XML may hold it: names in it may have signs that it may not, such as control characters and half letters, and what a browser
 * writes of its elements has one entity that only HTML knows.
 */
export const asXml = (svg: string): string =>
  svg
    .toWellFormed()
    .replaceAll("&nbsp;", "&#160;")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
    .replace(/[\0-\x08\v\f\x0e-\x1f\ufffe\uffff]/g, "\ufffd");

/** A text in lines of at most so many letters, broken between words. */
function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A colour of the page's style sheet as it is now. */
function resolved(colour: string): string {
  const [, name] = /^var\((--[\w-]+)\)$/.exec(colour) ?? [];
  return name ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : colour;
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** Dots in a millimetre of paper: 600 in an inch, as journals ask for drawings. */
const DOTS = 600 / 25.4;

export async function rasterise({ svg, width, height }: Drawn): Promise<Blob> {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * DOTS), Math.round(height * DOTS)];
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser could not make a PNG."))));
  });
}
