/**
 * Reads a WGSL file and specialises one entry point of it.
 *
 * Every file in `shaders/` is complete WGSL with the parts it takes in (`shaderFiles.ts`), valid but for subgroup lanes that are constant only
 * once a loop is written out. Specialising keeps it complete and does five things, all on tokens:
 *   1. module constants take the values of a variant (`const R = 4u;` -> `const R = 2u;`);
 *   2. an `if` whose condition is made of module constants is folded away;
 *   3. a counting loop marked `// unroll` is written out, because software adapters keep an array in registers only
 *      when every index is a literal;
 *   4. declarations (and `enable` lines) that the entry point does not reach are dropped, which is also how the
 *      bindings and the parameter block of a kernel are known without declaring them a second time;
 *   5. arrays of f32 that a launch keeps in f16 are declared so, and what is read from and written to them is converted on the way: a kernel
 *      computes in f32 whatever its arrays hold, and is written once for both.
 * What these files do without: one `enable` for two features, nested block comments, locals named like a module constant; and, where an array
 * may be kept in f16, pointers to it, locals named like it, and writes to one component of an element.
 */
import { EngineError } from "./errors";
import { keepHalves } from "./wgsl.halves";
import { closing, type Declaration, indexOf, parse, type Token, tokenise, UNROLL } from "./wgsl.tokens";

export type Constants = Record<string, number | boolean>;

export interface Binding {
  name: string;
  binding: number;
  kind: "uniform" | "read" | "write";
}

/** One specialised entry point: WGSL text plus everything a launch has to know about it. */
export interface Shader {
  file: string;
  entry: string;
  code: string;
  /** For each line of `code`, the line of the file it came from (1-based). */
  lines: number[];
  bindings: Binding[];
  /** Fields of the uniform parameter block in order; every field is 4 bytes. */
  params: { name: string; type: "u32" | "f32" | "i32" }[];
  /** Invocations per workgroup. */
  workgroup: number;
  features: GPUFeatureName[];
}

/** 256 bytes: what a launch has for its parameters. */
const MAX_PARAMS = 64;
const PARAMS = `Use up to ${MAX_PARAMS} fields of u32, f32 or i32.`;
/**
 * Specialises `entry` of the WGSL `text`; the arrays named in `halves` hold f16. Throws an `EngineError` for unknown entries, constants or
 * unbounded unrolls, and for arrays that cannot be kept so.
 */
export function specialise(file: string, text: string, entry: string, constants: Constants = {}, halves: readonly string[] = []): Shader {
  const declarations = withConstants(file, parse(tokenise(text)), constants);
  const known = knownConstants(declarations);
  const byName = new Map(declarations.filter((d) => d.name).map((d) => [d.name, d]));
  const main = byName.get(entry);
  if (!main || !isEntry(main)) throw new EngineError(`${file} has no entry point ${entry}.`, "Check the name in the launch.");
  for (const d of declarations) if (d.kind === "fn") d.tokens = unroll(file, fold(d.tokens, known), known);
  const used = reachable(main, byName);
  if (halves.length > 0) keepHalves(file, declarations, used, new Set(halves));
  const features = enabledFeatures(declarations, used);
  const kept = declarations.filter((d) => used.has(d) || (d.kind === "enable" && features.has(d.name)));
  return {
    file,
    entry,
    ...print(kept),
    bindings: kept.filter((d) => d.kind === "var").flatMap(readBinding),
    params: readParams(file, kept, byName),
    workgroup: workgroupSize(file, main, known),
    features: [...features].map((f) => (f === "f16" ? "shader-f16" : f) as GPUFeatureName),
  };
}

/** Names of all entry points in a WGSL text. */
export function entryPoints(text: string): string[] {
  return parse(tokenise(text))
    .filter(isEntry)
    .map((d) => d.name);
}

function isEntry(d: Declaration): boolean {
  return d.kind === "fn" && indexOf(d.tokens, ["@", "compute"]) >= 0;
}

function withConstants(file: string, declarations: Declaration[], constants: Constants): Declaration[] {
  const left = new Set(Object.keys(constants));
  for (const d of declarations) {
    if (d.kind !== "const" || !left.delete(d.name)) continue;
    const equals = d.tokens.findIndex((t) => t.text === "=");
    const line = d.tokens[0].line;
    const text = literal(constants[d.name], d.tokens.slice(equals + 1));
    if (text === undefined)
      throw new EngineError(`${file}:${line}: ${d.name} cannot be ${constants[d.name]}.`, "Give it a value of its default's type.");
    d.tokens = [...d.tokens.slice(0, equals + 1), { text, line }, { text: ";", line }];
  }
  if (left.size) throw new EngineError(`${file} has no constant ${[...left].join(", ")}.`, "Check the variant's constants.");
  return declarations;
}

/** `value` written so that it has the type of the expression it replaces; undefined when it cannot have it. */
function literal(value: number | boolean, replaced: Token[]): string | undefined {
  const some = (pattern: RegExp) => replaced.some((t) => pattern.test(t.text));
  if (typeof value === "boolean" || some(/^(true|false)$/)) return typeof value === "boolean" && !some(/^\d/) ? `${value}` : undefined;
  if (some(/^(0[xX][0-9a-fA-F]+|\d+)u$/)) return Number.isInteger(value) && value >= 0 ? `${value}u` : undefined;
  if (some(/^(?!0[xX])[\d.]*(\.|\d[eE]|\df)/)) return Number.isInteger(value) ? `${value}.0` : `${value}`;
  return `${value}`;
}

function knownConstants(declarations: Declaration[]): Map<string, number> {
  const known = new Map<string, number>([
    ["true", 1],
    ["false", 0],
  ]);
  for (const d of declarations) {
    if (d.kind !== "const") continue;
    const equals = d.tokens.findIndex((t) => t.text === "=");
    const value = evaluate(d.tokens.slice(equals + 1, -1), known);
    if (value !== undefined) known.set(d.name, value);
  }
  return known;
}

const PRECEDENCE = [["||"], ["&&"], ["==", "!="], ["<", ">", "<=", ">="], ["+", "-"], ["*", "/", "%"]];
const OPERATORS: Record<string, (a: number, b: number) => number> = {
  "||": (a, b) => Number(a !== 0 || b !== 0),
  "&&": (a, b) => Number(a !== 0 && b !== 0),
  "==": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
  "<": (a, b) => Number(a < b),
  ">": (a, b) => Number(a > b),
  "<=": (a, b) => Number(a <= b),
  ">=": (a, b) => Number(a >= b),
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => Math.trunc(a / b),
  "%": (a, b) => a % b,
};

/** Value of an integer or boolean expression over known constants; undefined when anything else appears in it. */
function evaluate(tokens: Token[], known: Map<string, number>, level = 0): number | undefined {
  if (level === PRECEDENCE.length) return evaluateAtom(tokens, known);
  for (let i = tokens.length - 1, depth = 0; i > 0; i--) {
    const t = tokens[i].text;
    depth += Number(t === ")") - Number(t === "(");
    if (depth !== 0 || !PRECEDENCE[level].includes(t)) continue;
    const a = evaluate(tokens.slice(0, i), known, level);
    const b = evaluate(tokens.slice(i + 1), known, level + 1);
    return a === undefined || b === undefined ? undefined : OPERATORS[t](a, b);
  }
  return evaluate(tokens, known, level + 1);
}

function evaluateAtom(tokens: Token[], known: Map<string, number>): number | undefined {
  const first = tokens[0]?.text;
  if (tokens.length === 1) return /^\d+u?$/.test(first) ? Number.parseInt(first, 10) : known.get(first);
  if (first === "!") {
    const value = evaluateAtom(tokens.slice(1), known);
    return value === undefined ? undefined : Number(value === 0);
  }
  return first === "(" && closing(tokens, 0, "(", ")") === tokens.length - 1 ? evaluate(tokens.slice(1, -1), known) : undefined;
}

/** Removes the branches of `if (constant expression)` that cannot run; a chosen branch keeps its braces. */
function fold(tokens: Token[], known: Map<string, number>): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const open = tokens[i].text === "if" ? bodyOf(tokens, i) : -1;
    const value = open > 0 ? evaluate(tokens.slice(i + 1, open), known) : undefined;
    if (value === undefined) {
      out.push(tokens[i]);
      continue;
    }
    const close = closing(tokens, open, "{", "}");
    const otherwise = tokens[close + 1]?.text === "else" ? close + 2 : undefined;
    const end = otherwise === undefined ? close : endOfElse(tokens, otherwise);
    const chosen = value !== 0 ? tokens.slice(open, close + 1) : otherwise !== undefined ? tokens.slice(otherwise, end + 1) : [];
    const left = fold(chosen, known);
    out.push(...left);
    if (left.length === 0 && out.at(-1)?.text === "else") out.pop(); // nothing is left to be the alternative
    i = end;
  }
  return out;
}

/** Place of the `{` that follows an `if` or `for`: neither condition nor header can contain one. */
function bodyOf(tokens: Token[], at: number): number {
  return tokens.findIndex((t, i) => i > at && t.text === "{");
}

function endOfElse(tokens: Token[], at: number): number {
  if (tokens[at].text !== "if") return closing(tokens, at, "{", "}");
  const close = closing(tokens, bodyOf(tokens, at), "{", "}");
  return tokens[close + 1]?.text === "else" ? endOfElse(tokens, close + 2) : close;
}

/** Writes out `for (var i = 0u; i < CONSTANT; i++) { // unroll` once per value of i, each copy in its own block. */
function unroll(file: string, tokens: Token[], known: Map<string, number>): Token[] {
  const mark = tokens.findIndex((t) => t.text === UNROLL);
  if (mark < 0) return tokens;
  const at = tokens.slice(0, mark).findLastIndex((t) => t.text === "for");
  const close = closing(tokens, mark - 1, "{", "}");
  const body = tokens.slice(mark + 1, close);
  const { name, count } = counter(tokens.slice(at, mark), known);
  if (count === undefined || leaves(body))
    throw new EngineError(
      `${file}:${tokens[mark].line} cannot be unrolled.`,
      "Write for (var i = 0u; i < CONSTANT; i++) { // unroll, without break or continue.",
    );
  const copies = Array.from({ length: count }, (_, n) => [
    { text: "{", line: tokens[mark].line },
    ...substitute(body, name, `${n}u`),
    { text: "}", line: tokens[close].line },
  ]);
  return unroll(file, [...tokens.slice(0, at), ...copies.flat(), ...tokens.slice(close + 1)], known);
}

/** Variable and number of rounds of a loop header `for (var i = 0u; i < bound; i++) {`; no count for any other header. */
function counter(header: Token[], known: Map<string, number>): { name: string; count?: number } {
  const words = header.map((t) => t.text);
  const name = words[3];
  const wanted = ["for", "(", "var", name, "=", "0u", ";", name, "<"];
  const regular = wanted.every((w, i) => words[i] === w) && words.slice(-5).join(" ") === `; ${name} ++ ) {`;
  return { name, count: regular ? evaluate(header.slice(9, -5), known) : undefined };
}

/** Whether a `break` or `continue` in a loop's body leaves that loop, and not one inside it. */
function leaves(body: Token[]): boolean {
  for (let i = 0; i < body.length; i++) {
    if (["for", "while", "loop"].includes(body[i].text)) i = closing(body, bodyOf(body, i), "{", "}");
    else if (body[i].text === "break" || body[i].text === "continue") return true;
  }
  return false;
}

/** `body` with the variable `name` replaced; members of that name and inner loops that count with it too are left alone. */
function substitute(body: Token[], name: string, text: string): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < body.length; i++) {
    const own = body[i].text === "for" && body[i + 3]?.text === name;
    const end = own ? closing(body, bodyOf(body, i), "{", "}") : i;
    const replaced = body[i].text === name && body[i - 1]?.text !== ".";
    out.push(...(replaced ? [{ text, line: body[i].line }] : body.slice(i, end + 1)));
    i = end;
  }
  return out;
}

function reachable(main: Declaration, byName: Map<string, Declaration>): Set<Declaration> {
  const used = new Set([main]);
  for (const d of used)
    for (const [i, t] of d.tokens.entries()) {
      const other = byName.get(t.text);
      const member = d.tokens[i - 1]?.text === ".";
      if (other && other.kind !== "enable" && !member) used.add(other);
    }
  return used;
}

function enabledFeatures(declarations: Declaration[], used: Set<Declaration>): Set<string> {
  const text = new Set([...used].flatMap((d) => d.tokens.map((t) => t.text)));
  const needs: Record<string, () => boolean> = {
    subgroups: () => [...text].some((t) => /^(subgroup|quad)[A-Z]|^subgroup_(size|invocation_id)$/.test(t)),
    f16: () => [...text].some((t) => /^(f16|(vec|mat)[\dx]+h|[\d.].*h)$/.test(t)),
  };
  return new Set(declarations.filter((d) => d.kind === "enable" && needs[d.name]?.()).map((d) => d.name));
}

function readBinding(d: Declaration): Binding[] {
  const at = indexOf(d.tokens, ["@", "binding", "("]);
  if (at < 0) return [];
  const words = d.tokens.map((t) => t.text);
  const kind = words.includes("uniform") ? "uniform" : words.includes("read_write") ? "write" : "read";
  return [{ name: d.name, binding: Number.parseInt(words[at + 3], 10), kind }];
}

function readParams(file: string, kept: Declaration[], byName: Map<string, Declaration>): Shader["params"] {
  const uniform = kept.find((d) => d.kind === "var" && d.tokens.some((t) => t.text === "uniform"));
  const struct = uniform && byName.get(uniform.tokens.at(-2)?.text ?? "");
  const words = struct?.tokens.map((t) => t.text) ?? [];
  const fields = words.flatMap((word, i) => (word === ":" ? [{ name: words[i - 1], type: words[i + 1] }] : []));
  const odd = fields.find(({ type }) => !["u32", "f32", "i32"].includes(type));
  if (odd || fields.length > MAX_PARAMS || (uniform && fields.length === 0))
    throw new EngineError(`${file}: the parameter block ${odd ? `has ${odd.name}: ${odd.type}` : "has no or too many fields"}.`, PARAMS);
  return fields as Shader["params"];
}

function workgroupSize(file: string, main: Declaration, known: Map<string, number>): number {
  const at = indexOf(main.tokens, ["@", "workgroup_size", "("]) + 2;
  const inside = main.tokens.slice(at + 1, closing(main.tokens, at, "(", ")"));
  const commas = [-1, ...inside.flatMap((t, i) => (t.text === "," ? [i] : [])), inside.length];
  const sides = commas.slice(1).map((end, i) => inside.slice(commas[i] + 1, end));
  const size = sides.filter((side) => side.length).reduce((product, side) => product * (evaluate(side, known) ?? Number.NaN), 1);
  if (!(size >= 1)) throw new EngineError(`${file} (${main.name}): its workgroup size is not constant.`, "Use constants of the file.");
  return size;
}

function print(kept: Declaration[]): { code: string; lines: number[] } {
  const rows: string[] = [];
  const lines: number[] = [];
  for (const t of kept.flatMap((d) => d.tokens)) {
    if (lines.at(-1) !== t.line) {
      rows.push("");
      lines.push(t.line);
    }
    rows[rows.length - 1] += `${rows.at(-1) ? " " : ""}${t.text}`;
  }
  return { code: rows.join("\n"), lines };
}
