/** WGSL as tokens and top-level declarations. */

export interface Token {
  text: string;
  line: number;
}

export interface Declaration {
  kind: string;
  name: string;
  tokens: Token[];
}

/** A loop that is marked so is written out. The one comment that is kept. */
export const UNROLL = "// unroll";

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|[A-Za-z_]\w*|0[xX][0-9a-fA-F]+[iu]?|(?:\d+\.\d*|\.?\d+)(?:[eE][+-]?\d+)?[fhiu]?|<<=|>>=|->|\+\+|--|&&|\|\||[-+*/%&|^=!<>]=|<<|>>|[^\s]/g;

export function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    for (; at < match.index; at++) if (text[at] === "\n") line++;
    const comment = match[0].startsWith("//") || match[0].startsWith("/*");
    if (!comment || match[0].trim() === UNROLL) tokens.push({ text: match[0].trim(), line });
  }
  return tokens;
}

/** Splits a token stream into top-level declarations: each ends at `;` or at the `}` that closes it. */
export function parse(tokens: Token[]): Declaration[] {
  const found: Declaration[] = [];
  let start = 0;
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const t = tokens[i].text;
    if (t === "{") depth++;
    if (t === "}") depth--;
    if (depth > 0 || (t !== ";" && t !== "}")) continue;
    if (i > start) found.push(declaration(tokens.slice(start, i + 1)));
    start = i + 1;
  }
  return found;
}

function declaration(tokens: Token[]): Declaration {
  const at = tokens.findIndex((t) => ["const", "var", "fn", "struct", "alias", "enable", "override"].includes(t.text));
  const kind = tokens[at]?.text ?? "other";
  const after = tokens[at + 1]?.text === "<" ? closing(tokens, at + 1, "<", ">") + 1 : at + 1;
  return { kind, name: tokens[after]?.text ?? "", tokens };
}

/** Place of what closes the bracket at `at`. */
export function closing(tokens: Token[], at: number, open: string, close: string): number {
  for (let i = at, depth = 0; i < tokens.length; i++) {
    depth += Number(tokens[i].text === open) - Number(tokens[i].text === close);
    if (depth === 0) return i;
  }
  return tokens.length - 1;
}

/** Place of these words in a row; -1 where there are none. */
export function indexOf(tokens: Token[], words: string[]): number {
  return tokens.findIndex((_, i) => words.every((w, j) => tokens[i + j]?.text === w));
}
