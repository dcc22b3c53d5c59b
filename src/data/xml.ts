/** A small reader of XML, for annotation files: workers and Node have none. No document types, no namespaces. */
import { DataError } from "./dataset";

/** An element; its attributes are checked and forgotten. */
export interface Xml {
  name: string;
  /** What is written in it outside of other elements, trimmed. */
  text: string;
  children: Xml[];
}

const ATTRIBUTES = String.raw`(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*`;
/** One piece: nothing to read, raw text, a tag, text. */
const PIECE = new RegExp(
  [
    String.raw`<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!DOCTYPE[^>[\]]*>`,
    String.raw`<!\[CDATA\[(?<raw>[\s\S]*?)\]\]>`,
    String.raw`<(?<close>/?)(?<name>[A-Za-z_][\w:.-]*)${ATTRIBUTES}\s*(?<empty>/?)>`,
    "(?<text>[^<]+)",
  ].join("|"),
  "y",
);

/** Elements may lie in one another this deep: annotations are six deep, and what is deeper is an attack or not this. */
const MAX_DEPTH = 100;

/** The root element. Throws a DataError that names the file and line where it is not well-formed. */
export function readXml(source: string, path: string): Xml {
  const top: Xml = { name: "", text: "", children: [] };
  const open = [top];
  let at = source.startsWith("\uFEFF") ? 1 : 0;
  const fail = (what: string): never => {
    const line = source.slice(0, at).split("\n").length;
    throw new DataError(`${path}, line ${line}: ${what}.`, "Export the annotations again, or leave the file out.");
  };
  while (at < source.length) {
    PIECE.lastIndex = at;
    const piece = PIECE.exec(source)?.groups ?? fail("this is not well-formed XML");
    const inner = open[open.length - 1];
    if (piece.raw !== undefined) inner.text += piece.raw;
    if (piece.text !== undefined) inner.text += plain(piece.text);
    if (piece.name !== undefined) {
      if (piece.close) {
        if (inner.name !== piece.name) fail(`</${piece.name}> closes ${inner.name ? `<${inner.name}>` : "nothing"}`);
        open.pop();
      } else {
        const element: Xml = { name: piece.name, text: "", children: [] };
        inner.children.push(element);
        if (!piece.empty) open.push(element);
        if (open.length > MAX_DEPTH) fail(`elements lie in one another more than ${MAX_DEPTH} deep`);
      }
    }
    at = PIECE.lastIndex;
  }
  if (open.length > 1) fail(`<${open[open.length - 1].name}> is never closed`);
  if (top.children.length !== 1 || top.text.trim()) fail("XML has one element around everything");
  return trimmed(top.children[0]);
}

/** The first child of that name. */
export function child(element: Xml | undefined, name: string): Xml | undefined {
  return element?.children.find((one) => one.name === name);
}

const ENTITIES = new Map(Object.entries({ lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" }));

/** A lone "&", or an unknown entity, stays as it is. */
function plain(text: string): string {
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (entity, hex: string, decimal: string, name: string) => {
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : (ENTITIES.get(name) ?? entity);
  });
}

function trimmed({ name, text, children }: Xml): Xml {
  return { name, text: text.trim(), children: children.map(trimmed) };
}
